/* What the worker keeps from picture to picture: sizes, the method, and what is told to the page. */
import { fitPerson, type Size } from "../../core/matte-layout";
import { ChromaKey } from "./chroma-key";
import { CleanPlate } from "./clean-plate";
import { Cutter, type Cut } from "./cutter";
import type { Matte, Method } from "./matte";
import type { FromWorker, News } from "./messages";
import { fromRgba, makeYuv, rgbOf, type Yuv } from "./picture";
import { Tempo } from "./tempo";

/* Pixels of the person's picture at most: what 500 kbit/s carry well, and what a plain CPU cuts out in time. */
const PIXELS_MAX = 640 * 360;
const NEWS_EVERY = 400;

/* A picture of the camera; closed by whoever gave it. */
export type Shot = VideoFrame | ImageBitmap;

export function workSize(width: number, height: number): Size {
  const scale = Math.min(1, Math.sqrt(PIXELS_MAX / (width * height)));
  return fitPerson(width * scale, height * scale);
}

function sizeOf(shot: Shot): Size {
  return "displayWidth" in shot ? { width: shot.displayWidth, height: shot.displayHeight } : { width: shot.width, height: shot.height };
}

/* A camera's picture that is as ours are: its chroma need not go through RGB, which blurs edges of colour. Cameras of
 * this size that say nothing have BT.601. */
function isOurs(shot: Shot, size: Size): shot is VideoFrame & { readonly visibleRect: DOMRectReadOnly } {
  if (!("format" in shot) || shot.format !== "I420" || shot.visibleRect === null) {
    return false;
  }
  const { matrix, fullRange } = shot.colorSpace;
  return (
    shot.visibleRect.width === size.width &&
    shot.visibleRect.height === size.height &&
    (matrix === null || matrix === "smpte170m" || matrix === "bt470bg") &&
    fullRange !== true
  );
}

function layoutOf({ width, height }: Size): PlaneLayout[] {
  const luma = width * height;
  return [
    { offset: 0, stride: width },
    { offset: luma, stride: width / 2 },
    { offset: luma + luma / 4, stride: width / 2 },
  ];
}

export class CuttingRoom {
  readonly tempo = new Tempo();
  private cutter: Cutter | null = null;
  private frame: Yuv = makeYuv(2, 2);
  private canvas: OffscreenCanvas | null = null;
  private paint: OffscreenCanvasRenderingContext2D | null = null;
  private source: Size = { width: 0, height: 0 };
  private method: Method = "learned";
  private matte: Matte | null = null;
  private loading = false;
  private newsDue = 0;
  private told = "";
  private readonly times: number[] = [];

  constructor(private readonly tell: (message: FromWorker) => void) {}

  get stacked(): Yuv | null {
    return this.cutter?.stacked ?? null;
  }

  setMethod(method: Method): void {
    this.method = method;
    this.matte?.close();
    this.matte = null;
    this.prepare();
  }

  takePlate(): void {
    if (this.matte instanceof CleanPlate) {
      this.matte.again();
    }
  }

  close(): void {
    this.matte?.close();
    this.matte = null;
  }

  private prepare(): void {
    const { cutter, method } = this;
    if (cutter === null || this.matte !== null || this.loading) {
      return;
    }
    const { width, height } = cutter;
    if (method === "green") {
      this.matte = new ChromaKey(width, height);
    } else if (method === "plate") {
      this.matte = new CleanPlate(width, height);
    } else {
      this.loading = true;
      void this.load(width, height);
    }
  }

  private async load(width: number, height: number): Promise<void> {
    try {
      const { Learned } = await import("./learned");
      const matte = await Learned.load(width, height);
      this.loading = false;
      if (this.method === "learned" && this.matte === null && this.cutter?.width === width && this.cutter.height === height) {
        this.matte = matte;
      } else {
        matte.close();
        this.prepare();
      }
    } catch (error) {
      /* `loading` stays: it would fail again. */
      this.tell({ type: "failed", method: "learned", why: error instanceof Error ? error.message : String(error) });
    }
  }

  private resize(source: Size): Cutter {
    const { width, height } = workSize(source.width, source.height);
    const cutter = new Cutter(width, height);
    this.source = source;
    this.cutter = cutter;
    this.frame = makeYuv(width, height);
    this.canvas = new OffscreenCanvas(width, height);
    this.paint = this.canvas.getContext("2d", { willReadFrequently: true });
    this.matte?.close();
    this.matte = null;
    this.tell({ type: "layout", layout: cutter.layout });
    this.prepare();
    return cutter;
  }

  /* Fills `frame`, and the canvas for a model that looks at it. */
  private async take(shot: Shot, cutter: Cutter): Promise<void> {
    this.paint?.drawImage(shot, 0, 0, cutter.width, cutter.height);
    if (isOurs(shot, cutter)) {
      await shot.copyTo(this.frame.bytes, { rect: shot.visibleRect, layout: layoutOf(this.frame) });
      return;
    }
    const pixels = this.paint?.getImageData(0, 0, cutter.width, cutter.height);
    if (pixels !== undefined) {
      fromRgba(pixels.data, this.frame);
    }
  }

  /* Cuts the person of this picture out; the result is in `stacked`. */
  async shoot(shot: Shot, now: number): Promise<Cutter> {
    const source = sizeOf(shot);
    let { cutter } = this;
    if (cutter === null || source.width !== this.source.width || source.height !== this.source.height) {
      cutter = this.resize(source);
    }
    const begun = performance.now();
    await this.take(shot, cutter);
    const cut = this.matte === null ? null : cutter.cut(this.frame, this.canvas, this.matte);
    if (cut === null) {
      cutter.nobody("nobody");
    }
    this.tempo.spent(performance.now() - begun);
    this.count(cut, now);
    return cutter;
  }

  /* The camera has stopped sending: whoever was shown last is not there any more. */
  still(now: number): void {
    this.cutter?.nobody("nobody");
    this.say({ sight: "still", top: null, bottom: null, fps: 0, cost: this.tempo.milliseconds }, now);
  }

  private count(cut: Cut | null, now: number): void {
    this.times.push(now);
    while (this.times.length > 0 && this.times[0]! < now - 1000) {
      this.times.shift();
    }
    const taking = cut?.sight === "no-plate" && this.matte instanceof CleanPlate && this.matte.taking;
    this.say(
      {
        sight: cut === null ? "loading" : taking ? "taking-plate" : cut.sight,
        top: cut?.top ?? null,
        bottom: cut?.bottom ?? null,
        fps: this.times.length,
        cost: this.tempo.milliseconds,
      },
      now,
    );
  }

  /* At once when something is different, else from time to time. */
  private say(news: News, now: number): void {
    if (news.sight !== this.told || now >= this.newsDue) {
      this.told = news.sight;
      this.newsDue = now + NEWS_EVERY;
      this.tell({ type: "news", news });
    }
  }
}

/* For pages that have no way to hand I420 on. */
export function toRgba(picture: Yuv): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(picture.width * picture.height * 4);
  for (let y = 0; y < picture.height; y++) {
    for (let x = 0; x < picture.width; x++) {
      const at = y * picture.width + x;
      const half = (y >> 1) * (picture.width / 2) + (x >> 1);
      const [r, g, b] = rgbOf(picture.y[at]!, picture.u[half]!, picture.v[half]!);
      rgba[4 * at] = r;
      rgba[4 * at + 1] = g;
      rgba[4 * at + 2] = b;
      rgba[4 * at + 3] = 255;
    }
  }
  return rgba;
}
