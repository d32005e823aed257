/* The position of an on-demand session between the server's reports: what it last said, moved on by
 * our own clock at its rate. */
import { number, object, oneOf, read, withDefault, type Shape } from "./shape";

const position = object({
  state: oneOf("playing", "paused", "ended"),
  t: number,
  rate: withDefault(number, 1),
  duration: withDefault(number, 0),
});
export type Position = Shape<typeof position>;

export const RATES = [0.5, 0.75, 1, 1.25, 1.5, 2] as const;

export function parsePosition(value: unknown): Position {
  return read(position, value);
}

export interface Playback extends Position {
  /* Our clock, in ms, when the server said so. */
  readonly at: number;
}

export function timeAt(playback: Playback, now: number): number {
  const moved = playback.state === "playing" ? ((now - playback.at) / 1000) * playback.rate : 0;
  const t = Math.max(0, playback.t + Math.max(0, moved));
  return playback.duration > 0 ? Math.min(t, playback.duration) : t;
}

/* The chapter that runs at `t`, or −1. Chapters are sorted. */
export function chapterAt(chapters: readonly { readonly t: number }[], t: number): number {
  let found = -1;
  chapters.forEach((chapter, i) => {
    if (chapter.t <= t + 0.05) {
      found = i;
    }
  });
  return found;
}
