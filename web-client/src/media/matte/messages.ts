/* Between a page and its worker that cuts a person out. */
import type { MatteLayout } from "../../core/matte-layout";
import type { Method } from "./matte";
import type { Sight } from "./cutter";

export type ToWorker =
  /* Pictures come out of `readable` and go into `writable`, without the page. */
  | { readonly type: "streams"; readonly readable: ReadableStream<VideoFrame>; readonly writable: WritableStream<VideoFrame> }
  /* Without such streams: one picture, answered by `stacked`. */
  | { readonly type: "picture"; readonly image: ImageBitmap }
  | { readonly type: "method"; readonly method: Method }
  /* The room is empty now: take the plate. */
  | { readonly type: "plate" }
  | { readonly type: "close" };

export interface News {
  /* "loading": the method is not ready; "still": no picture has come for a while. */
  readonly sight: Sight | "loading" | "still" | "taking-plate";
  readonly top: number | null;
  readonly bottom: number | null;
  /* Pictures a second, and milliseconds that one takes. */
  readonly fps: number;
  readonly cost: number;
}

export type FromWorker =
  | { readonly type: "layout"; readonly layout: MatteLayout }
  | { readonly type: "news"; readonly news: News }
  | { readonly type: "stacked"; readonly rgba: ArrayBuffer; readonly width: number; readonly height: number }
  /* The method cannot be used here. */
  | { readonly type: "failed"; readonly method: Method; readonly why: string }
  /* The camera has ended. */
  | { readonly type: "ended" };
