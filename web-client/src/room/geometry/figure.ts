/* A person from a picture, as a flat figure of true size on the floor. */
import type { MattePerson } from "../../core/matte-layout";
import { clamp, DEGREE, wrap } from "./vector";

/* A flat figure that turned farther would be seen to be flat. */
export const TURN_MOST = 35 * DEGREE;

/* Which way a figure faces (radians about y, 0 looks along +z) that stands as `home` and is looked at from
 * `towards`: to its viewer, but not farther than a person would turn on the spot. */
export function facing(home: number, towards: number): number {
  return home + clamp(wrap(towards - home), -TURN_MOST, TURN_MOST);
}

export interface Figure {
  /* Of the whole picture, metres. */
  readonly width: number;
  readonly height: number;
  /* Of the picture's lower edge above the floor: above 0 when the feet are not in the picture, below it when
   * there is room under them. */
  readonly bottom: number;
  /* Crown above the floor. */
  readonly tall: number;
  readonly full: boolean;
  /* Nobody measured it. */
  readonly guessed: boolean;
}

const ADULT_MM = 1720;

/* Before anybody is measured: a grown-up who fills the picture. */
export const UNMEASURED: MattePerson = { height_mm: ADULT_MM, head: 0.03, feet: 0.99, full: true };

export function figureOf(aspect: number, person: MattePerson, guessed = false): Figure {
  const height = person.height_mm / 1000 / (person.feet - person.head);
  return { width: height * aspect, height, bottom: (person.feet - 1) * height, tall: person.height_mm / 1000, full: person.full, guessed };
}

/* A grown-up's head is this high from crown to where it is half as wide again: the chin; of their height. */
const HEAD_OF_HEIGHT = 0.135;

/* What a silhouette tells of a person whom nobody measured: `widths` are how wide it is in each row of the
 * picture, from above, in widths of the picture; `aspect` is the picture's. Null: nobody is there. */
export function measure(widths: readonly number[], aspect: number): MattePerson | null {
  const rows = widths.length;
  const least = 0.02;
  const top = widths.findIndex((w) => w > least);
  if (top < 0) {
    return null;
  }
  let last = rows - 1;
  while (last > top && (widths[last] ?? 0) <= least) {
    last--;
  }
  const head = top / rows;
  const end = (last + 1) / rows;
  if (end - head < 0.08) {
    return null;
  }
  if (end < 0.985) {
    return { height_mm: ADULT_MM, head, feet: end, full: true };
  }
  /* The lower edge cuts them off, or they stand right on it: the head tells which. */
  const neck = neckRow(widths, top, aspect);
  const headHeight = neck / rows - head;
  const tall = clamp(headHeight / HEAD_OF_HEIGHT, end - head, 6);
  const full = tall <= (end - head) * 1.12;
  return { height_mm: ADULT_MM, head, feet: full ? end : Math.min(16, head + tall), full };
}

/* Below the widest row of the head the silhouette narrows to the neck, then the shoulders come. */
function neckRow(widths: readonly number[], top: number, aspect: number): number {
  const rows = widths.length;
  let widest = 0;
  let narrowest = Infinity;
  let row = top;
  for (let y = top; y < rows; y++) {
    const w = widths[y] ?? 0;
    const tall = (y - top) / rows;
    if (w > widest && narrowest === Infinity) {
      widest = w;
    } else if (w < widest * 0.92 && w < narrowest) {
      narrowest = w;
      row = y;
    } else if (narrowest !== Infinity && w > narrowest * 1.25) {
      return row;
    }
    if (narrowest === Infinity && tall > widest * aspect * 1.8) {
      break;
    }
  }
  /* No neck to be seen (long hair, a scarf): a head is a third higher than wide. */
  return narrowest !== Infinity ? row : top + Math.min(rows * 0.3, widths[top + Math.round(rows * 0.04)] ?? 0.1) * rows * aspect;
}

/* What stands before a figure whose feet are not in the picture. Metres. */
export interface Lectern {
  readonly width: number;
  readonly depth: number;
  readonly height: number;
  /* Before the figure. */
  readonly ahead: number;
}

/* The lower edge of the picture fades out below this height; what hides it must be higher. */
export const FADE = 0.16;

export function lecternFor(figure: Figure): Lectern | null {
  if (figure.full || figure.bottom <= 0.02) {
    return null;
  }
  return { width: clamp(figure.width * 0.5, 0.46, 0.8), depth: 0.34, height: Math.max(0.5, figure.bottom + FADE * 1.35), ahead: 0.3 };
}
