/* A rep as a virtual person: what is remembered on the device, and how tall they are in their picture. */
import type { MattePerson } from "./matte-layout";
import { PERSON_MM } from "./matte-layout";
import { flag, number, object, oneOf, read, type Shape } from "./shape";

export const METHODS = ["learned", "green", "plate"] as const;

/* `head` is the crown's height in the picture, 0 above and 1 below; `low` that of the soles when the feet show (`full`),
 * else that of the chin. */
const settings = object({
  method: oneOf(...METHODS),
  height_mm: number,
  head: number,
  low: number,
  full: flag,
});
export type PersonSettings = Shape<typeof settings>;

/* Grown people are so many heads tall. */
const HEADS = 7.5;
const LEAST = 0.05;

export const UNMEASURED: PersonSettings = { method: "learned", height_mm: 1750, head: 0.08, low: 0.97, full: true };

export function isMeasured(s: PersonSettings): boolean {
  return (
    s.height_mm >= PERSON_MM.min && s.height_mm <= PERSON_MM.max && s.head >= 0 && s.low <= 1 && s.low - s.head >= LEAST
  );
}

/* Null when nothing, or nonsense, was remembered. */
export function readSettings(text: string | null): PersonSettings | null {
  if (text === null) {
    return null;
  }
  try {
    const found = read(settings, JSON.parse(text));
    return isMeasured(found) ? found : null;
  } catch {
    return null;
  }
}

export function writeSettings(s: PersonSettings): string {
  return JSON.stringify(s);
}

/* What customers are told; null while it cannot be. */
export function personOf(s: PersonSettings): MattePerson | null {
  if (!isMeasured(s)) {
    return null;
  }
  const round = (v: number): number => Math.round(v * 10_000) / 10_000;
  const feet = s.full ? s.low : s.head + (s.low - s.head) * HEADS;
  return { height_mm: Math.round(s.height_mm), head: round(s.head), feet: round(feet), full: s.full };
}

/* Marks to begin with, from where the person was seen; half a person's chin is a good third down. */
export function guessMarks(top: number, bottom: number): Pick<PersonSettings, "head" | "low" | "full"> {
  const head = Math.min(Math.max(top, 0), 1 - 2 * LEAST);
  if (bottom < 0.98 && bottom - head >= LEAST) {
    return { head, low: bottom, full: true };
  }
  return { head, low: Math.min(1, head + Math.max(LEAST, (1 - head) * 0.38)), full: false };
}
