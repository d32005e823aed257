/* The staff API as the console uses it; the session cookie says who asks. Failures are Problems. */
import {
  createdInvite, liveSource, product, readList, readTextLayer, slides, visit, walkthrough,
  type CreatedInvite, type LiveSource, type NewSource, type NewVisit, type ProductInfo, type ProductWish, type SlidesInfo, type VisitInfo,
  type WalkthroughInfo,
} from "../core/api";
import { readLiveView, type LiveView } from "../core/live-view";
import { staff, type Staff } from "../core/boot";
import { filmQuestion, type FilmQuestion } from "../core/film-questions";
import { Problem, problemOf } from "../core/problem";
import { flag, object, read, ShapeError, text, withDefault } from "../core/shape";

async function call(method: string, path: string, body: unknown, signal: AbortSignal, token: string | null = null, more: HeadersInit = {}): Promise<unknown> {
  const response = await fetch(path, {
    method,
    headers: {
      ...more,
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal,
  });
  return answerOf(response);
}

async function answerOf(response: Response): Promise<unknown> {
  if (!response.ok) {
    throw await problemOf(response);
  }
  if (response.status === 204 || response.headers.get("Content-Length") === "0") {
    return null;
  }
  try {
    return await response.json();
  } catch {
    throw new Problem(502, "about:blank", "The server's answer could not be read.", "");
  }
}

const path = encodeURIComponent;

export interface Api {
  login(email: string, password: string): Promise<Staff>;
  logout(): Promise<void>;
  visits(): Promise<readonly VisitInfo[]>;
  visit(id: string): Promise<VisitInfo>;
  liveView(id: string): Promise<LiveView>;
  createVisit(wish: NewVisit): Promise<VisitInfo>;
  startVisit(id: string): Promise<VisitInfo>;
  endVisit(id: string): Promise<VisitInfo>;
  invite(id: string, name: string): Promise<CreatedInvite>;
  products(): Promise<readonly ProductInfo[]>;
  product(id: string): Promise<ProductInfo>;
  createProduct(wish: ProductWish): Promise<ProductInfo>;
  /* 412 when `version` is not the newest any more. */
  changeProduct(id: string, version: number, wish: ProductWish): Promise<ProductInfo>;
  deleteProduct(id: string): Promise<void>;
  putModel(id: string, upload: string): Promise<ProductInfo>;
  deleteModel(id: string): Promise<ProductInfo>;
  addImage(id: string, upload: string): Promise<ProductInfo>;
  deleteImage(id: string, url: string): Promise<ProductInfo>;
  walkthroughs(): Promise<readonly WalkthroughInfo[]>;
  walkthrough(id: string): Promise<WalkthroughInfo>;
  createWalkthrough(upload: string, title: string, key: string): Promise<WalkthroughInfo>;
  changeWalkthrough(id: string, wish: WalkthroughWish): Promise<WalkthroughInfo>;
  filmQuestions(walkthrough: string): Promise<readonly FilmQuestion[]>;
  changeFilmQuestion(id: string, wish: { words?: string | null; parked?: boolean }): Promise<void>;
  deleteFilmQuestion(id: string): Promise<void>;
  answerByClip(id: string, upload: string, key: string): Promise<void>;
  cancelWalkthrough(id: string): Promise<WalkthroughInfo>;
  retryWalkthrough(id: string): Promise<WalkthroughInfo>;
  deleteWalkthrough(id: string): Promise<void>;
  /* `vtt`: the file's text. */
  putCaptions(id: string, lang: string, label: string, vtt: string): Promise<void>;
  deleteCaptions(id: string, lang: string): Promise<void>;
  /* Null: the visit was not recorded. */
  replay(visit: string): Promise<WalkthroughInfo | null>;
  sources(): Promise<readonly LiveSource[]>;
  createSource(wish: NewSource): Promise<LiveSource>;
  changeSource(id: string, wish: SourceWish): Promise<LiveSource>;
  deleteSource(id: string): Promise<void>;
  /* Puts a source on stage; the answer is what takes it off again. */
  startFeed(visit: string, source: string): Promise<string>;
  stopFeed(visit: string, feed: string): Promise<void>;
  slides(): Promise<readonly SlidesInfo[]>;
  slidesOf(id: string): Promise<SlidesInfo>;
  createSlides(upload: string, title: string): Promise<SlidesInfo>;
  deleteSlides(id: string): Promise<void>;
  /* The words on a page, for those who cannot see it. */
  pageText(url: string): Promise<string>;
}

export interface WalkthroughWish {
  readonly title?: string;
  readonly published?: boolean;
  readonly upload?: string;
  readonly key?: string | null;
  /* "": about none. */
  readonly product?: string;
}

export interface SourceWish {
  readonly name?: string;
  readonly key?: string | null;
  readonly roll_key?: true;
}

export function createApi(signal: AbortSignal): Api {
  const get = (url: string): Promise<unknown> => call("GET", url, undefined, signal);
  const post = (url: string, body: unknown): Promise<unknown> => call("POST", url, body, signal);
  const patch = (url: string, body: unknown): Promise<unknown> => call("PATCH", url, body, signal);
  const remove = (url: string): Promise<unknown> => call("DELETE", url, undefined, signal);
  return {
    async login(email, password) {
      await post("/api/v1/login", { email, password });
      return read(staff, await get("/api/v1/me"));
    },
    async logout() {
      await post("/api/v1/logout", undefined);
    },
    async visits() {
      return readList(visit, await get("/api/v1/visits"));
    },
    async visit(id) {
      return read(visit, await get(`/api/v1/visits/${path(id)}`));
    },
    async liveView(id) {
      return readLiveView(await get(`/api/v1/visits/${path(id)}/live`));
    },
    async createVisit(wish) {
      return read(visit, await post("/api/v1/visits", wish));
    },
    async startVisit(id) {
      return read(visit, await post(`/api/v1/visits/${path(id)}/start`, undefined));
    },
    async endVisit(id) {
      return read(visit, await post(`/api/v1/visits/${path(id)}/end`, undefined));
    },
    async invite(id, name) {
      return read(createdInvite, await post(`/api/v1/visits/${path(id)}/invites`, name === "" ? {} : { name }));
    },
    async products() {
      return readList(product, await get("/api/v1/products"));
    },
    async product(id) {
      return read(product, await get(`/api/v1/products/${path(id)}`));
    },
    async createProduct(wish) {
      return read(product, await post("/api/v1/products", wish));
    },
    async changeProduct(id, version, wish) {
      return read(product, await call("PATCH", `/api/v1/products/${path(id)}`, wish, signal, null, { "If-Match": `"${version}"` }));
    },
    async deleteProduct(id) {
      await remove(`/api/v1/products/${path(id)}`);
    },
    async putModel(id, upload) {
      return read(product, await call("PUT", `/api/v1/products/${path(id)}/model`, { upload }, signal));
    },
    async deleteModel(id) {
      return read(product, await remove(`/api/v1/products/${path(id)}/model`));
    },
    async addImage(id, upload) {
      return read(product, await post(`/api/v1/products/${path(id)}/images`, { upload }));
    },
    async deleteImage(id, url) {
      return read(product, await remove(`/api/v1/products/${path(id)}/images/${path(url.split("/").pop() ?? "")}`));
    },
    async walkthroughs() {
      return readList(walkthrough, await get("/api/v1/walkthroughs"));
    },
    async walkthrough(id) {
      return read(walkthrough, await get(`/api/v1/walkthroughs/${path(id)}`));
    },
    async createWalkthrough(upload, title, key) {
      return read(walkthrough, await post("/api/v1/walkthroughs", { upload, title, ...(key === "" ? {} : { key }) }));
    },
    async changeWalkthrough(id, wish) {
      return read(walkthrough, await patch(`/api/v1/walkthroughs/${path(id)}`, wish));
    },
    async filmQuestions(id) {
      return readList(filmQuestion, await get(`/api/v1/questions?walkthrough=${path(id)}`));
    },
    async changeFilmQuestion(id, wish) {
      await patch(`/api/v1/questions/${path(id)}`, wish);
    },
    async deleteFilmQuestion(id) {
      await remove(`/api/v1/questions/${path(id)}`);
    },
    async answerByClip(id, upload, key) {
      await post(`/api/v1/questions/${path(id)}/clip`, { upload, ...(key === "" ? {} : { key }) });
    },
    async cancelWalkthrough(id) {
      return read(walkthrough, await post(`/api/v1/walkthroughs/${path(id)}/cancel`, undefined));
    },
    async retryWalkthrough(id) {
      return read(walkthrough, await post(`/api/v1/walkthroughs/${path(id)}/retry`, undefined));
    },
    async deleteWalkthrough(id) {
      await remove(`/api/v1/walkthroughs/${path(id)}`);
    },
    async putCaptions(id, lang, label, vtt) {
      const url = `/api/v1/walkthroughs/${path(id)}/captions/${path(lang)}?label=${path(label)}`;
      await answerOf(await fetch(url, { method: "PUT", headers: { "Content-Type": "text/vtt" }, body: vtt, signal }));
    },
    async deleteCaptions(id, lang) {
      await remove(`/api/v1/walkthroughs/${path(id)}/captions/${path(lang)}`);
    },
    replay: (id) => replayOf(id, null, signal),
    async sources() {
      return readList(liveSource, await get("/api/v1/sources"));
    },
    async createSource(wish) {
      return read(liveSource, await post("/api/v1/sources", wish));
    },
    async changeSource(id, wish) {
      return read(liveSource, await patch(`/api/v1/sources/${path(id)}`, wish));
    },
    async deleteSource(id) {
      await remove(`/api/v1/sources/${path(id)}`);
    },
    async startFeed(id, source) {
      return read(object({ id: text }), await post(`/api/v1/visits/${path(id)}/feeds`, { source_id: source })).id;
    },
    async stopFeed(id, feed) {
      await remove(`/api/v1/visits/${path(id)}/feeds/${path(feed)}`);
    },
    async slides() {
      return readList(slides, await get("/api/v1/slides"));
    },
    async slidesOf(id) {
      return read(slides, await get(`/api/v1/slides/${path(id)}`));
    },
    async createSlides(upload, title) {
      return read(slides, await post("/api/v1/slides", { upload, title }));
    },
    async deleteSlides(id) {
      await remove(`/api/v1/slides/${path(id)}`);
    },
    async pageText(url) {
      return readTextLayer(await get(url));
    },
  };
}

/* The recording of a visit, also for its guests (`token`: their invite). Null: it was not recorded. */
export async function replayOf(visitId: string, token: string | null, signal: AbortSignal): Promise<WalkthroughInfo | null> {
  try {
    return read(walkthrough, await call("GET", `/api/v1/visits/${path(visitId)}/replay`, undefined, signal, token));
  } catch (error) {
    if (error instanceof Problem && error.status === 404) {
      return null;
    }
    throw error;
  }
}

/* A guest's word about the recording, also when the visit is over. */
/* Resolves with the word that counts: after the end a no is final. */
export async function consentToRecording(visitId: string, token: string, recording: boolean, signal: AbortSignal): Promise<boolean> {
  const answer = await call("POST", `/api/v1/visits/${path(visitId)}/recording-consent`, { recording }, signal, token);
  return read(object({ recording: withDefault(flag, recording) }), answer ?? {}).recording;
}

export function qrUrl(visitId: string, token: string): string {
  return `/api/v1/visits/${path(visitId)}/qr.svg?token=${path(token)}`;
}

/* What to tell a person about a failure: the server's words, or ours when it could not be reached. */
export function words(error: unknown, unreachable: string, odd: string): string {
  if (error instanceof Problem) {
    return error.message;
  }
  return error instanceof ShapeError ? odd : unreachable;
}
