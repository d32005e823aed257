/* The position of an on-demand session between the server's reports: what it last said, moved on by
 * our own clock at its rate. */
import { flag, list, number, object, oneOf, read, text, withDefault, type Shape } from "./shape";

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

const layers = object({
  rungs: list(object({ name: text, width: number, height: number, usable: flag })),
  current: text,
  wanted: text,
});
export type Layers = Shape<typeof layers>;

export const NO_LAYERS: Layers = { rungs: [], current: "", wanted: "auto" };

export function parseLayers(value: unknown): Layers {
  return read(layers, value);
}

/* What a person may pick, the best first: each size once, and nothing where there is no choice. */
export function pickable({ rungs }: Layers): readonly string[] {
  const sides = new Map(rungs.filter((r) => r.usable && r.name !== "").map((r) => [r.name, Math.min(r.width, r.height)]));
  return sides.size < 2 ? [] : [...sides].sort(([, a], [, b]) => b - a).map(([name]) => name);
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
