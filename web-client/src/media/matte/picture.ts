/* Pictures as the codecs have them: I420, BT.601, limited range; chroma once for two by two pixels. */
import type { Size } from "../../core/matte-layout";

export const BLACK = 16;
export const WHITE = 235;
export const GREY = 128;

/* Planes one behind the other in one buffer, rows without padding. */
export interface Yuv extends Size {
  readonly bytes: Uint8Array;
  readonly y: Uint8Array;
  readonly u: Uint8Array;
  readonly v: Uint8Array;
}

/* Both sides even. */
export function makeYuv(width: number, height: number): Yuv {
  const luma = width * height;
  const bytes = new Uint8Array((luma * 3) / 2);
  return {
    width,
    height,
    bytes,
    y: bytes.subarray(0, luma),
    u: bytes.subarray(luma, luma + luma / 4),
    v: bytes.subarray(luma + luma / 4),
  };
}

/* Sixteen bits behind the point, so that grey stays grey. */
export function fromRgba(rgba: Uint8ClampedArray, to: Yuv): void {
  const { width, height, y, u, v } = to;
  for (let row = 0; row < height; row += 2) {
    let at = row * width;
    let from = at * 4;
    let half = (row / 2) * (width / 2);
    for (let x = 0; x < width; x += 2, at += 2, from += 8, half++) {
      let r = 0;
      let g = 0;
      let b = 0;
      for (let k = 0; k < 4; k++) {
        const i = from + (k & 1) * 4 + (k >> 1) * width * 4;
        const red = rgba[i]!;
        const green = rgba[i + 1]!;
        const blue = rgba[i + 2]!;
        r += red;
        g += green;
        b += blue;
        y[at + (k & 1) + (k >> 1) * width] = (16829 * red + 33039 * green + 6416 * blue + 1081344) >> 16;
      }
      u[half] = (-9714 * r - 19070 * g + 28784 * b + 33685504) >> 18;
      v[half] = (28784 * r - 24103 * g - 4681 * b + 33685504) >> 18;
    }
  }
}

/* The picture of one pixel. */
export function rgbOf(y: number, u: number, v: number): [number, number, number] {
  const l = 1.164383 * (y - BLACK);
  return [l + 1.596027 * (v - GREY), l - 0.391762 * (u - GREY) - 0.812968 * (v - GREY), l + 2.017232 * (u - GREY)];
}

/* Luma at a quarter of both sides, 0 to 255; the mean of four by four pixels. */
export function quarterLuma(frame: Yuv, to: Float32Array): void {
  const { width, y } = frame;
  const w = width >> 2;
  const h = frame.height >> 2;
  for (let row = 0; row < h; row++) {
    for (let x = 0; x < w; x++) {
      let sum = 0;
      for (let k = 0; k < 4; k++) {
        const at = (row * 4 + k) * width + x * 4;
        sum += y[at]! + y[at + 1]! + y[at + 2]! + y[at + 3]!;
      }
      to[row * w + x] = sum / 16;
    }
  }
}

export function clamp(value: number, least: number, most: number): number {
  return value < least ? least : value > most ? most : value;
}
