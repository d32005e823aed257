/* How the picture of a virtual person is laid out: browsers drop alpha from WebRTC, so colour and matte
 * are parts of one opaque picture, with a guard band between them that holds a black and a white patch.
 * The same object as a film's `matte_layout` (pipelines/presentation/manifest.schema.json); the geometry
 * that is made here is that of pipelines/key/key_layout.c. */
import { flag, number, object, ShapeError, type Reader } from "./shape";

/* In shares of the coded picture. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface MatteLayout {
  /* Of the whole picture, pixels; it may arrive smaller, the shares hold. */
  readonly width: number;
  readonly height: number;
  readonly colour: Rectangle;
  readonly matte: Rectangle;
  readonly guard: Rectangle;
  readonly patches: { readonly black: Rectangle; readonly white: Rectangle };
}

/* Who stands in it. `head` (crown) and `feet` (soles) are heights in the colour part, 0 its upper edge and
 * 1 its lower one: the whole part measures height_mm / (feet - head). Feet that the picture does not show
 * (`full` is false) lie beyond 1, where they would be. */
export interface MattePerson {
  readonly height_mm: number;
  readonly head: number;
  readonly feet: number;
  readonly full: boolean;
}

const SIDE_MAX = 32768;
/* Tellers write nine digits. */
const ROUNDING = 1e-6;
export const PERSON_MM = { min: 300, max: 3000 } as const;
const PERSON_LEAST = 0.05;
const FEET_MAX = 16;

function between(least: number, most: number): Reader<number> {
  return (value, path) => {
    const n = number(value, path);
    if (n < least || n > most) {
      throw new ShapeError(path, `from ${least} to ${most}`);
    }
    return n;
  };
}

const side: Reader<number> = (value, path) => {
  const n = between(1, SIDE_MAX)(value, path);
  if (!Number.isInteger(n)) {
    throw new ShapeError(path, "a whole number");
  }
  return n;
};

const sides = object({ x: between(0, 1), y: between(0, 1), w: between(1e-4, 1), h: between(1e-4, 1) });

const rectangle: Reader<Rectangle> = (value, path) => {
  const r = sides(value, path);
  if (r.x + r.w > 1 + ROUNDING || r.y + r.h > 1 + ROUNDING) {
    throw new ShapeError(path, "within the picture");
  }
  return r;
};

function apart(a: Rectangle, b: Rectangle): boolean {
  return (
    a.x + a.w <= b.x + ROUNDING || b.x + b.w <= a.x + ROUNDING || a.y + a.h <= b.y + ROUNDING || b.y + b.h <= a.y + ROUNDING
  );
}

function inside(a: Rectangle, b: Rectangle): boolean {
  return (
    a.x >= b.x - ROUNDING && a.y >= b.y - ROUNDING &&
    a.x + a.w <= b.x + b.w + ROUNDING && a.y + a.h <= b.y + b.h + ROUNDING
  );
}

const parts = object({
  width: side,
  height: side,
  colour: rectangle,
  matte: rectangle,
  guard: rectangle,
  patches: object({ black: rectangle, white: rectangle }),
});

/* As strict as the server: no part overlaps another, and both patches lie in the guard band. */
export const matteLayout: Reader<MatteLayout> = (value, path) => {
  const m = parts(value, path);
  const { black, white } = m.patches;
  if (!apart(m.colour, m.matte) || !apart(m.guard, m.colour) || !apart(m.guard, m.matte)) {
    throw new ShapeError(path, "parts that lie apart");
  }
  if (!inside(black, m.guard) || !inside(white, m.guard) || !apart(black, white)) {
    throw new ShapeError(`${path}.patches`, "two patches in the guard band");
  }
  return m;
};

const marks = object({
  height_mm: between(PERSON_MM.min, PERSON_MM.max),
  head: between(0, 1),
  feet: between(0, FEET_MAX),
  full: flag,
});

export const mattePerson: Reader<MattePerson> = (value, path) => {
  const p = marks(value, path);
  if (p.feet < p.head + PERSON_LEAST || (p.full && p.feet > 1 + ROUNDING) || !Number.isInteger(p.height_mm)) {
    throw new ShapeError(path, "a person with the head above the feet");
  }
  return p;
};

/* Rows of the guard band for a person's picture of this height: a multiple of 16, so that no block of the
 * codec holds colour and matte. */
export function guardRows(height: number): number {
  return Math.max(16, Math.floor((Math.floor((height * 32) / 640) + 8) / 16) * 16);
}

/* For a person's picture of an even width and height. */
export function layoutFor(width: number, height: number): MatteLayout {
  const guard = guardRows(height);
  const patch = Math.floor(width / 4 / 2) * 2;
  const margin = Math.floor(patch / 4) * 2;
  const whole = 2 * height + guard;
  const part = (x: number, y: number, w: number, h: number): Rectangle => ({ x: x / width, y: y / whole, w: w / width, h: h / whole });
  const patches = height + Math.floor(guard / 4);
  return {
    width,
    height: whole,
    colour: part(0, 0, width, height),
    guard: part(0, height, width, guard),
    matte: part(0, height + guard, width, height),
    patches: {
      black: part(margin, patches, patch, guard / 2),
      white: part(width - patch - margin, patches, patch, guard / 2),
    },
  };
}

/* Macroblocks of a picture of H.264 level 3.1 (table A-1). */
const BLOCKS_MAX = 3600;
const PERSON_SIDE_MIN = 64;
const PERSON_SIDE_MAX = 2048;

export interface Size {
  readonly width: number;
  readonly height: number;
}

/* The largest shape like this one, not enlarged, both sides even, whose stacked picture fits level 3.1. */
export function fitPerson(width: number, height: number): Size {
  const even = (v: number): number => Math.floor(v / 2 + 0.5) * 2;
  const blocks = (v: number): number => Math.floor((v + 15) / 16);
  let w = even(width);
  let h = even(height);
  while (
    w > PERSON_SIDE_MIN &&
    (w > PERSON_SIDE_MAX || h > PERSON_SIDE_MAX || blocks(w) * blocks(2 * h + guardRows(h)) > BLOCKS_MAX)
  ) {
    w -= 2;
    h = even((height * w) / width);
  }
  return { width: w, height: h };
}
