/* Objects of the HTTP API that the console shows. */
import { recording, visitState } from "./protocol";
import { anything, flag, list, nullable, number, object, oneOf, read, text, withDefault, type Reader, type Shape } from "./shape";

export const visit = object({
  id: text,
  title: withDefault(text, ""),
  state: visitState,
  starts_at: nullable(text),
  created_at: nullable(text),
  started_at: nullable(text),
  ended_at: nullable(text),
  recording: withDefault(recording, "off"),
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

export const product = object({ id: text, name: text, summary: withDefault(text, "") });
export type ProductInfo = Shape<typeof product>;

export const walkthrough = object({
  id: text,
  slug: text,
  title: withDefault(text, ""),
  state: oneOf("compiling", "ready", "failed"),
  progress: withDefault(number, 0),
  error: anything,
  duration: withDefault(number, 0),
  poster: nullable(text),
  published: withDefault(flag, false),
});
export type WalkthroughInfo = Shape<typeof walkthrough>;

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
