/* A camera's picture as a virtual person: a track whose pictures hold colour and matte (core/matte-layout.ts). The work
 * is a worker's; where the browser can hand it the pictures themselves, it goes on while the page is hidden. */
import type { MatteLayout } from "../core/matte-layout";
import type { Method } from "./matte/matte";
import type { FromWorker, News, ToWorker } from "./matte/messages";

/* Not in TypeScript's DOM yet (mediacapture-transform). */
interface Generator extends MediaStreamTrack {
  readonly writable: WritableStream<VideoFrame>;
}
interface Breakout {
  readonly MediaStreamTrackGenerator?: new (init: { kind: "video" }) => Generator;
  readonly MediaStreamTrackProcessor?: new (init: { track: MediaStreamTrack; maxBufferSize?: number }) => {
    readonly readable: ReadableStream<VideoFrame>;
  };
}

export interface VirtualPersonOptions {
  readonly camera: MediaStreamTrack;
  readonly method: Method;
  readonly onlayout: (layout: MatteLayout) => void;
  readonly onnews: (news: News) => void;
  /* The camera is gone. */
  readonly onended: () => void;
  readonly onfailed: (method: Method, why: string) => void;
}

export function canCutOut(): boolean {
  return typeof Worker === "function" && typeof OffscreenCanvas === "function" && typeof createImageBitmap === "function";
}

export class VirtualPerson {
  readonly track: MediaStreamTrack;
  /* Whether it goes on while the page is hidden. */
  readonly independent: boolean;
  private readonly worker: Worker;
  private readonly life = new AbortController();

  constructor(private readonly options: VirtualPersonOptions) {
    this.worker = new Worker(new URL("./matte/worker.ts", import.meta.url), { type: "module" });
    this.worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => this.heard(data));
    this.worker.addEventListener("error", (event) => options.onfailed(options.method, event.message || "worker"));
    this.say({ type: "method", method: options.method });
    const { MediaStreamTrackGenerator: Out, MediaStreamTrackProcessor: In } = globalThis as Breakout;
    this.independent = Out !== undefined && In !== undefined;
    if (Out !== undefined && In !== undefined) {
      const out = new Out({ kind: "video" });
      const { readable } = new In({ track: options.camera, maxBufferSize: 1 });
      this.worker.postMessage({ type: "streams", readable, writable: out.writable } satisfies ToWorker, [readable, out.writable]);
      this.track = out;
    } else {
      this.track = this.byHand();
    }
    this.track.contentHint = "motion";
  }

  setMethod(method: Method): void {
    this.say({ type: "method", method });
  }

  takePlate(): void {
    this.say({ type: "plate" });
  }

  close(): void {
    if (!this.life.signal.aborted) {
      this.life.abort();
      this.track.stop();
      this.worker.terminate();
    }
  }

  private say(message: ToWorker): void {
    this.worker.postMessage(message);
  }

  private heard(message: FromWorker): void {
    const { options } = this;
    if (this.life.signal.aborted) {
      return;
    }
    switch (message.type) {
      case "layout":
        options.onlayout(message.layout);
        break;
      case "news":
        options.onnews(message.news);
        break;
      case "failed":
        options.onfailed(message.method, message.why);
        break;
      case "stacked":
        this.show?.(new Uint8ClampedArray(message.rgba), message.width, message.height);
        break;
      case "ended":
        options.onended();
        break;
    }
  }

  private show: ((rgba: Uint8ClampedArray<ArrayBuffer>, width: number, height: number) => void) | null = null;

  /* Pictures by way of the page: a video that plays the camera, and a canvas that is captured. */
  private byHand(): MediaStreamTrack {
    const { signal } = this.life;
    const video = document.createElement("video");
    video.muted = true;
    video.playsInline = true;
    video.srcObject = new MediaStream([this.options.camera]);
    void video.play().catch(() => undefined);
    const canvas = document.createElement("canvas");
    const paint = canvas.getContext("2d");
    const [track] = canvas.captureStream().getVideoTracks();
    if (track === undefined || paint === null) {
      throw new Error("no canvas");
    }
    this.show = (rgba, width, height) => {
      canvas.width = width;
      canvas.height = height;
      paint.putImageData(new ImageData(rgba, width, height), 0, 0);
    };
    let busy = false;
    const timer = setInterval(() => {
      if (busy || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) {
        return;
      }
      busy = true;
      void createImageBitmap(video)
        .then((image) => this.worker.postMessage({ type: "picture", image } satisfies ToWorker, [image]))
        .catch(() => undefined)
        .finally(() => {
          busy = false;
        });
    }, 1000 / 24);
    signal.addEventListener(
      "abort",
      () => {
        clearInterval(timer);
        video.srcObject = null;
      },
      { once: true },
    );
    return track;
  }
}
