/* Readers for values of unknown shape. What comes from the wire is `unknown` until one of these
 * has looked at it; unknown fields are ignored, because fields may be added to the protocol. */

export class ShapeError extends Error {
  constructor(path: string, expected: string) {
    super(`${path === "" ? "value" : path} is not ${expected}`);
    this.name = "ShapeError";
  }
}

export type Reader<T> = (value: unknown, path: string) => T;
export type Shape<R> = R extends Reader<infer T> ? T : never;

export const text: Reader<string> = (value, path) => {
  if (typeof value !== "string") {
    throw new ShapeError(path, "a string");
  }
  return value;
};

export const number: Reader<number> = (value, path) => {
  if (typeof value !== "number" || !Number.isFinite(value)) {
    throw new ShapeError(path, "a number");
  }
  return value;
};

export const flag: Reader<boolean> = (value, path) => {
  if (typeof value !== "boolean") {
    throw new ShapeError(path, "true or false");
  }
  return value;
};

export const anything: Reader<unknown> = (value) => value;

export function oneOf<const T extends readonly string[]>(...words: T): Reader<T[number]> {
  return (value, path) => {
    if (typeof value !== "string" || !words.includes(value)) {
      throw new ShapeError(path, `one of ${words.join(", ")}`);
    }
    return value;
  };
}

export function nullable<T>(reader: Reader<T>): Reader<T | null> {
  return (value, path) => (value === null || value === undefined ? null : reader(value, path));
}

/* Undefined only when absent. */
export function maybe<T>(reader: Reader<T>): Reader<T | undefined> {
  return (value, path) => (value === undefined ? undefined : reader(value, path));
}

/* Absent or null: the fallback. Present and wrong: still an error. */
export function withDefault<T>(reader: Reader<T>, fallback: T): Reader<T> {
  return (value, path) => (value === null || value === undefined ? fallback : reader(value, path));
}

export function list<T>(reader: Reader<T>): Reader<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) {
      throw new ShapeError(path, "a list");
    }
    return value.map((item, i) => reader(item, `${path}[${i}]`));
  };
}

export function object<F extends Record<string, Reader<unknown>>>(
  fields: F,
): Reader<{ readonly [K in keyof F]: Shape<F[K]> }> {
  return (value, path) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new ShapeError(path, "an object");
    }
    const source = value as Record<string, unknown>;
    const result: Record<string, unknown> = {};
    for (const [name, reader] of Object.entries(fields)) {
      result[name] = reader(source[name], path === "" ? name : `${path}.${name}`);
    }
    return result as { readonly [K in keyof F]: Shape<F[K]> };
  };
}

export function read<T>(reader: Reader<T>, value: unknown): T {
  return reader(value, "");
}
