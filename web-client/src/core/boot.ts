/* What the server writes into a page (`#parlour-boot`), so that the first view needs no request. */
import { replay } from "./api";
import { matteLayout } from "./matte-layout";
import { recording, visitState } from "./protocol";
import {
  anything, flag, list, nullable, number, object, oneOf, read, text, withDefault, type Shape,
} from "./shape";

const size = object({ w: number, h: number, d: number });
const product = object({
  id: withDefault(text, ""),
  name: text,
  summary: withDefault(text, ""),
  size_mm: nullable(size),
  /* Addresses of a glTF binary, and of a package for AR Quick Look. */
  model: nullable(text),
  ar: nullable(text),
  /* Times this the model is as large as the product. */
  model_scale: nullable(number),
});
export type ProductCard = Shape<typeof product>;

const company = withDefault(object({ name: withDefault(text, "") }), { name: "" });

export const staff = object({
  name: withDefault(text, ""),
  email: text,
  role: oneOf("admin", "rep", "marketer"),
});
export type Staff = Shape<typeof staff>;

const iceServers = withDefault(list(anything), []);

const consoleBoot = object({ staff: nullable(staff), company, ice_servers: iceServers });
export type ConsoleBoot = Shape<typeof consoleBoot>;

const pageError = object({
  status: number,
  type: withDefault(text, "about:blank"),
  title: withDefault(text, ""),
  detail: withDefault(text, ""),
});
export type PageError = Shape<typeof pageError>;

const visitCard = object({
  id: text,
  title: withDefault(text, ""),
  state: visitState,
  starts_at: nullable(text),
  host: withDefault(object({ name: withDefault(text, "") }), { name: "" }),
  company,
  recording: withDefault(recording, "off"),
  products: withDefault(list(product), []),
});
export type VisitCard = Shape<typeof visitCard>;

const visitBoot = object({
  visit: visitCard,
  invite: object({ id: text, name: withDefault(text, "") }),
  ice_servers: iceServers,
});
export type VisitBoot = Shape<typeof visitBoot>;

const walkthrough = object({
  slug: text,
  title: withDefault(text, ""),
  description: withDefault(text, ""),
  duration: withDefault(number, 0),
  poster: nullable(text),
  width: withDefault(number, 1280),
  height: withDefault(number, 720),
  captions: withDefault(list(object({ lang: text, label: withDefault(text, ""), url: text })), []),
  chapters: withDefault(list(object({ t: number, title: text })), []),
  product: nullable(product),
  /* A keyed film: its picture is stacked. */
  matte_layout: nullable(matteLayout),
  /* For players without WebRTC; the pictures of the seek bar. */
  hls: nullable(text),
  mp4: nullable(text),
  storyboard: nullable(text),
  /* The recording of a visit. */
  replay: withDefault(flag, false),
});
export type Walkthrough = Shape<typeof walkthrough>;

/* What the page of a visit that is over still offers; `replay` null: it was not recorded. */
const overBoot = object({
  visit: object({
    id: text,
    title: withDefault(text, ""),
    host: withDefault(object({ name: withDefault(text, "") }), { name: "" }),
    recording: withDefault(recording, "off"),
  }),
  company,
  consented_recording: withDefault(flag, false),
  replay: nullable(replay),
});
export type OverBoot = Shape<typeof overBoot>;

const walkthroughBoot = object({ walkthrough, company, ice_servers: iceServers });
export type WalkthroughBoot = Shape<typeof walkthroughBoot>;

export type Boot<T> = { readonly ok: true; readonly boot: T } | { readonly ok: false; readonly error: PageError; readonly company: string };

function parse<T>(reader: (value: unknown, path: string) => T, value: unknown): Boot<T> {
  const { error, company: from } = read(object({ error: nullable(pageError), company }), value);
  return error !== null ? { ok: false, error, company: from.name } : { ok: true, boot: read(reader, value) };
}

const checkBoot = object({ company, ice_servers: iceServers });
export type CheckBoot = Shape<typeof checkBoot>;

export const parseCheckBoot = (value: unknown): Boot<CheckBoot> => parse(checkBoot, value);
export const parseConsoleBoot = (value: unknown): Boot<ConsoleBoot> => parse(consoleBoot, value);
export const parseVisitBoot = (value: unknown): Boot<VisitBoot> => parse(visitBoot, value);
export const parseWalkthroughBoot = (value: unknown): Boot<WalkthroughBoot> => parse(walkthroughBoot, value);

/* Null: an error page that offers nothing. */
export function parseOverBoot(value: unknown): OverBoot | null {
  try {
    return read(overBoot, value);
  } catch {
    return null;
  }
}

/* ICE servers as RTCPeerConnection wants them; entries of another shape are left out. */
export function iceServersOf(values: readonly unknown[]): RTCIceServer[] {
  const reader = object({ urls: anything, username: nullable(text), credential: nullable(text) });
  const servers: RTCIceServer[] = [];
  for (const value of values) {
    try {
      const { urls, username, credential } = read(reader, value);
      const addresses = (Array.isArray(urls) ? urls : [urls]).filter((u): u is string => typeof u === "string");
      if (addresses.length > 0) {
        servers.push({
          urls: addresses,
          ...(username === null ? {} : { username }),
          ...(credential === null ? {} : { credential }),
        });
      }
    } catch {
      continue;
    }
  }
  return servers;
}
