/* How pictures and sounds of a visit travel now: what the server tells its staff. */
import { flag, list, nullable, number, object, oneOf, read, text, withDefault, type Shape } from "./shape";

const viewer = object({
  participant: nullable(text),
  name: nullable(text),
  dots: nullable(number),
  loss: withDefault(number, 0),
  rtt_ms: withDefault(number, 0),
  kbit_s: withDefault(number, 0),
  carries_kbit_s: nullable(number),
});
export type ViewerTravel = Shape<typeof viewer>;

const track = object({
  kind: oneOf("audio", "video"),
  codec: withDefault(text, ""),
  width: withDefault(number, 0),
  height: withDefault(number, 0),
  kbit_s: withDefault(number, 0),
  lost: withDefault(number, 0),
  alive: withDefault(flag, false),
});
export type TrackTravel = Shape<typeof track>;

const source = object({ id: text, participant: withDefault(text, ""), kind: withDefault(text, ""), alive: withDefault(flag, false), tracks: list(track) });

const liveView = object({
  viewer_count: number,
  viewers_by_dots: list(number),
  viewers_unknown: withDefault(number, 0),
  viewers: list(viewer),
  sources: list(source),
});
export type LiveView = Shape<typeof liveView>;

export const readLiveView = (value: unknown): LiveView => read(liveView, value);

/* A share of packets as people read it: none, less than one in a hundred, else whole hundredths. */
export function lossPercent(share: number): string {
  const percent = share * 100;
  return percent <= 0 ? "0" : percent < 1 ? "<1" : String(Math.round(percent));
}

/* "" when nothing was measured yet. */
export function bitRate(kbit: number): string {
  return kbit <= 0 ? "" : kbit < 1000 ? `${Math.round(kbit)} kbit/s` : `${(kbit / 1000).toFixed(kbit < 10_000 ? 1 : 0)} Mbit/s`;
}
