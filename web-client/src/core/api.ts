/* Objects of the HTTP API that the console shows. */
import { recording, visitState } from "./protocol";
import { flag, list, nullable, number, object, oneOf, read, text, withDefault, type Reader, type Shape } from "./shape";

export const walkthroughState = oneOf("compiling", "ready", "failed");

/* The recording of a visit, as far as it is; no slug in its first moments. */
export const replay = object({ slug: nullable(text), state: walkthroughState });
export type Replay = Shape<typeof replay>;

export const visit = object({
  id: text,
  title: withDefault(text, ""),
  state: visitState,
  starts_at: nullable(text),
  created_at: nullable(text),
  started_at: nullable(text),
  ended_at: nullable(text),
  recording: withDefault(recording, "off"),
  /* Once it is over: its recording, if there is one. */
  replay: nullable(replay),
  products: withDefault(list(text), []),
  people: withDefault(object({ present: withDefault(number, 0) }), { present: 0 }),
});
export type VisitInfo = Shape<typeof visit>;

export const createdInvite = object({ id: text, token: text, url: text, name: withDefault(text, "") });
export type CreatedInvite = Shape<typeof createdInvite>;

export const invite = object({
  id: text,
  name: withDefault(text, ""),
  created_at: nullable(text),
  opened_at: nullable(text),
  revoked: withDefault(flag, false),
});
export type InviteInfo = Shape<typeof invite>;

const sizeMm = object({ w: number, h: number, d: number });

/* A list whose entries of another shape are left out: such a detail must not hide the whole. */
function lenient<T>(reader: Reader<T>): Reader<readonly T[]> {
  return (value, path) =>
    !Array.isArray(value)
      ? []
      : value.flatMap((item, i) => {
          try {
            return [reader(item, `${path}[${i}]`)];
          } catch {
            return [];
          }
        });
}

/* What to do next: a text alone is its label. */
const callToAction: Reader<{ readonly label: string; readonly url: string }> = (value, path) =>
  typeof value === "string" ? { label: value, url: "" } : object({ label: withDefault(text, ""), url: withDefault(text, "") })(value, path);

export const product = object({
  id: text,
  name: text,
  summary: withDefault(text, ""),
  size_mm: nullable(sizeMm),
  /* Addresses: its binary glTF, its package for Quick Look, its images. */
  model: nullable(text),
  ar: nullable(text),
  images: lenient(text),
  /* How the model differs from the size, in words. */
  model_note: nullable(text),
  claims: lenient(text),
  call_to_action: nullable(callToAction),
  version: withDefault(number, 0),
});
export type ProductInfo = Shape<typeof product>;

export interface ProductWish {
  readonly name: string;
  readonly summary: string;
  readonly size_mm: { readonly w: number; readonly h: number; readonly d: number } | null;
  readonly claims: readonly string[];
  readonly call_to_action: { readonly label: string; readonly url: string } | null;
}

export const walkthrough = object({
  id: text,
  slug: text,
  title: withDefault(text, ""),
  state: walkthroughState,
  progress: withDefault(number, 0),
  /* While compiling: what is being done, seconds it will take (null: not known), jobs before it. */
  stage: withDefault(text, ""),
  seconds_left: nullable(number),
  ahead: withDefault(number, 0),
  /* When failed: words, and a stable word. */
  error: nullable(text),
  reason: withDefault(text, ""),
  duration: withDefault(number, 0),
  poster: nullable(text),
  published: withDefault(flag, false),
  /* The visit this is the replay of. */
  visit: nullable(text),
  /* "" or null: no green screen. */
  key: nullable(text),
  /* What it is about. */
  product: nullable(text),
  /* The question that it is the answer to; how many wait for one. */
  answers: nullable(text),
  questions_open: withDefault(number, 0),
  captions: lenient(object({ lang: text, label: withDefault(text, "") })),
  chapters: lenient(object({ t: number, title: text })),
});
export type WalkthroughInfo = Shape<typeof walkthrough>;

export const sourceKind = oneOf("rtmp", "srt", "srt-caller", "rtsp", "playlist", "test");
export type SourceKind = Shape<typeof sourceKind>;
export const sourceState = oneOf("off", "waiting", "connected", "lost");
export type SourceState = Shape<typeof sourceState>;

export const liveSource = object({
  id: text,
  name: withDefault(text, ""),
  kind: sourceKind,
  url: nullable(text),
  walkthroughs: withDefault(list(text), []),
  key: nullable(text),
  /* Where an encoder sends to. */
  server: nullable(text),
  stream_key: nullable(text),
  state: withDefault(sourceState, "off"),
  delay_ms: nullable(number),
  detail: withDefault(text, ""),
  /* The visit it is on stage of. */
  visit: nullable(text),
  /* What takes it off there, and what it is called there. */
  feed: nullable(text),
  source: nullable(text),
});
export type LiveSource = Shape<typeof liveSource>;

export interface NewSource {
  readonly name: string;
  readonly kind: SourceKind;
  readonly url?: string;
  readonly walkthroughs?: readonly string[];
  readonly passphrase?: string;
  readonly key?: string;
}

export const slidePage = object({ width: number, height: number, image: text, text: nullable(text) });
export type SlidePage = Shape<typeof slidePage>;

export const slides = object({
  id: text,
  title: withDefault(text, ""),
  state: walkthroughState,
  error: nullable(text),
  pages: withDefault(list(slidePage), []),
});
export type SlidesInfo = Shape<typeof slides>;

/* The text layer of a page, in reading order. */
const textLayer = object({ lines: list(object({ text })) });
export function readTextLayer(value: unknown): string {
  return read(textLayer, value)
    .lines.map((line) => line.text)
    .join("\n");
}

/* Lists come as an array, or as an object with one array in it (room for paging). */
export function readList<T>(reader: Reader<T>, value: unknown): readonly T[] {
  if (!Array.isArray(value) && typeof value === "object" && value !== null) {
    const inner = Object.values(value).find((v) => Array.isArray(v));
    return read(list(reader), inner);
  }
  return read(list(reader), value);
}

export interface NewVisit {
  readonly title: string;
  readonly products?: readonly string[];
  readonly starts_at?: string;
  readonly tz?: string;
  readonly recording: "off" | "ask" | "on";
}
