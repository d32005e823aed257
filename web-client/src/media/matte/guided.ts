/* Brings a small, soft matte to the edges of the picture: within a few pixels a matte is a line through luma
 * (He, Sun and Tang, "Guided Image Filtering", 2013, and its fast form with small coefficients). */
import { clamp, quarterLuma, type Yuv } from "./picture";

/* Radius in quarter pixels, and how much luma has to differ (squared, of 255) to be an edge. */
const RADIUS = 1;
const EPSILON = 60;

export class Guided {
  private readonly w: number;
  private readonly h: number;
  private readonly luma: Float32Array;
  private readonly p: Float32Array;
  private readonly a: Float32Array;
  private readonly b: Float32Array;
  private readonly sums: readonly Float32Array[];
  private readonly work: Float32Array;

  constructor(
    private readonly width: number,
    private readonly height: number,
  ) {
    this.w = width >> 2;
    this.h = height >> 2;
    const plane = (): Float32Array => new Float32Array(this.w * this.h);
    this.luma = plane();
    this.p = plane();
    this.a = plane();
    this.b = plane();
    this.work = plane();
    this.sums = [plane(), plane(), plane(), plane()];
  }

  /* Means over the square around each sample. */
  private box(plane: Float32Array): void {
    const { w, h, work } = this;
    for (let y = 0; y < h; y++) {
      const row = y * w;
      let sum = 0;
      let count = 0;
      for (let x = -RADIUS; x < w; x++) {
        if (x + RADIUS < w) {
          sum += plane[row + x + RADIUS]!;
          count++;
        }
        if (x - RADIUS - 1 >= 0) {
          sum -= plane[row + x - RADIUS - 1]!;
          count--;
        }
        if (x >= 0) {
          work[row + x] = sum / count;
        }
      }
    }
    for (let x = 0; x < w; x++) {
      let sum = 0;
      let count = 0;
      for (let y = -RADIUS; y < h; y++) {
        if (y + RADIUS < h) {
          sum += work[(y + RADIUS) * w + x]!;
          count++;
        }
        if (y - RADIUS - 1 >= 0) {
          sum -= work[(y - RADIUS - 1) * w + x]!;
          count--;
        }
        if (y >= 0) {
          plane[y * w + x] = sum / count;
        }
      }
    }
  }

  /* `small` is any size, 0 to 1; `share` has the frame's. */
  refine(frame: Yuv, small: Float32Array, smallWidth: number, smallHeight: number, share: Float32Array): void {
    const { w, h, luma, p, a, b } = this;
    const [meanI, meanP, meanIP, meanII] = this.sums as [Float32Array, Float32Array, Float32Array, Float32Array];
    quarterLuma(frame, luma);
    resize(small, smallWidth, smallHeight, p, w, h);
    for (let i = 0; i < w * h; i++) {
      meanI[i] = luma[i]!;
      meanP[i] = p[i]!;
      meanIP[i] = luma[i]! * p[i]!;
      meanII[i] = luma[i]! * luma[i]!;
    }
    this.sums.forEach((plane) => this.box(plane));
    for (let i = 0; i < w * h; i++) {
      const slope = (meanIP[i]! - meanI[i]! * meanP[i]!) / (meanII[i]! - meanI[i]! * meanI[i]! + EPSILON);
      a[i] = slope;
      b[i] = meanP[i]! - slope * meanI[i]!;
    }
    this.box(a);
    this.box(b);
    this.apply(frame, share);
  }

  private apply(frame: Yuv, share: Float32Array): void {
    const { width, height, w, h, a, b } = this;
    for (let y = 0; y < height; y++) {
      const fy = clamp((y + 0.5) / 4 - 0.5, 0, h - 1);
      const top = Math.floor(fy) * w;
      const down = Math.min(Math.floor(fy) + 1, h - 1) * w;
      const ay = fy - Math.floor(fy);
      for (let x = 0; x < width; x++) {
        const fx = x < 2 ? 0 : (x - 1.5) / 4;
        const l = Math.min(fx | 0, w - 1);
        const r = Math.min(l + 1, w - 1);
        /* Far from any edge there is nothing to find. */
        if (flat(a[top + l]!) && flat(a[top + r]!) && flat(a[down + l]!) && flat(a[down + r]!)) {
          share[y * width + x] = b[top + l]!;
          continue;
        }
        const ax = fx - l;
        const slope = (a[top + l]! * (1 - ax) + a[top + r]! * ax) * (1 - ay) + (a[down + l]! * (1 - ax) + a[down + r]! * ax) * ay;
        const base = (b[top + l]! * (1 - ax) + b[top + r]! * ax) * (1 - ay) + (b[down + l]! * (1 - ax) + b[down + r]! * ax) * ay;
        share[y * width + x] = clamp(slope * frame.y[y * width + x]! + base, 0, 1);
      }
    }
  }
}

function flat(slope: number): boolean {
  return slope < 1e-6 && slope > -1e-6;
}

/* Bilinear, between the middles of the samples. */
export function resize(from: Float32Array, fw: number, fh: number, to: Float32Array, tw: number, th: number): void {
  for (let y = 0; y < th; y++) {
    const fy = clamp(((y + 0.5) * fh) / th - 0.5, 0, fh - 1);
    const iy = Math.floor(fy);
    const top = iy * fw;
    const down = Math.min(iy + 1, fh - 1) * fw;
    const ay = fy - iy;
    for (let x = 0; x < tw; x++) {
      const fx = clamp(((x + 0.5) * fw) / tw - 0.5, 0, fw - 1);
      const l = fx | 0;
      const r = Math.min(l + 1, fw - 1);
      const ax = fx - l;
      to[y * tw + x] = (from[top + l]! * (1 - ax) + from[top + r]! * ax) * (1 - ay) + (from[down + l]! * (1 - ax) + from[down + r]! * ax) * ay;
    }
  }
}
