/* Questions at a second of a walkthrough: what viewers are shown, what staff see, and what this browser
 * remembers of its own. */
import { list, nullable, number, object, oneOf, read, text, withDefault, type Shape } from "./shape";

export const FILM_QUESTION_MAX = 500;
export const ASKER_NAME_MAX = 60;
/* An answer is offered from its second on, for so long. */
const OFFERED_FOR = 6;

const answered = object({
  id: text,
  t: number,
  text,
  name: withDefault(text, ""),
  answer: object({ words: nullable(text), clip: nullable(object({ slug: text })), at: nullable(text) }),
});
export type Answered = Shape<typeof answered>;

export const readAnswered = (value: unknown): readonly Answered[] => read(list(answered), value);

export const filmQuestion = object({
  id: text,
  t: number,
  text,
  name: withDefault(text, ""),
  state: oneOf("open", "answered", "parked"),
  words: nullable(text),
  clip_slug: nullable(text),
  clip_state: nullable(oneOf("compiling", "ready", "failed")),
  created_at: nullable(text),
});
export type FilmQuestion = Shape<typeof filmQuestion>;

/* The one that is offered at second `t`: the last that was asked shortly before. */
export function offeredAt(all: readonly Answered[], t: number): Answered | null {
  const near = all.filter((q) => q.t <= t && t < q.t + OFFERED_FOR);
  return near[near.length - 1] ?? null;
}

/* What was asked from this browser. */
const own = object({ id: text, token: text, t: number, text, seen: withDefault(number, 0) });
export type OwnQuestion = Shape<typeof own>;

export const ownKey = (slug: string): string => `parlour.asked.${slug}`;

/* What somebody else wrote there is nothing. */
export function readOwn(stored: string | null): readonly OwnQuestion[] {
  try {
    return read(list(own), JSON.parse(stored ?? "[]"));
  } catch {
    return [];
  }
}

/* Answers to our own questions that we have not looked at. */
export function newsOf(mine: readonly OwnQuestion[], all: readonly Answered[]): readonly Answered[] {
  return all.filter((q) => mine.some((m) => m.id === q.id && m.seen === 0));
}
