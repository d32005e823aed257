/* Pictures of a round person whose matte is known, before a wall of one colour or a striped room. */
import { fromRgba, makeYuv, type Yuv } from "../../../src/media/matte/picture";

export const W = 160;
export const H = 128;

export interface Disc {
  readonly x: number;
  readonly y: number;
  readonly r: number;
}

export const MAIN: Disc = { x: 80, y: 70, r: 34 };
export const SKIN = [205, 120, 95] as const;
export const GREEN = [45, 190, 60] as const;

/* The same numbers each time, about normal. */
export function noise(seed: number): () => number {
  let s = seed >>> 0;
  const next = (): number => {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0;
    return s / 2 ** 32;
  };
  return () => 1.41 * (next() + next() + next() + next() + next() + next() - 3);
}

/* The edge is `soft` pixels wide. */
export function truth(discs: readonly Disc[], soft = 4): Float32Array {
  const share = new Float32Array(W * H);
  for (let y = 0; y < H; y++) {
    for (let x = 0; x < W; x++) {
      for (const d of discs) {
        const a = Math.min(1, Math.max(0, (d.r - Math.hypot(x - d.x, y - d.y)) / soft + 0.5));
        share[y * W + x] = Math.max(share[y * W + x]!, a);
      }
    }
  }
  return share;
}

export type Wall = (x: number, y: number) => readonly [number, number, number];

export const greenWall: Wall = (x) => {
  const light = 0.8 + (0.3 * x) / W;
  return [GREEN[0] * light, GREEN[1] * light, GREEN[2] * light];
};

export const stripes: Wall = (x, y) => (((x >> 3) + (y >> 4)) % 2 === 0 ? [70, 90, 150] : [200, 190, 170]);

export function picture(share: Float32Array, wall: Wall, grain: () => number = () => 0, gain = 1): Yuv {
  const rgba = new Uint8ClampedArray(W * H * 4);
  for (let y = 0; y < H; y++) {
    for (let x = 0; x < W; x++) {
      const i = y * W + x;
      const behind = wall(x, y);
      const n = grain();
      for (let c = 0; c < 3; c++) {
        rgba[4 * i + c] = gain * (share[i]! * SKIN[c]! + (1 - share[i]!) * behind[c]!) + n;
      }
    }
  }
  const yuv = makeYuv(W, H);
  fromRgba(rgba, yuv);
  return yuv;
}

export interface Errors {
  inside: number;
  outside: number;
  edge: number;
}

/* Mean absolute errors of 255. */
export function judge(got: Float32Array, wanted: Float32Array): Errors {
  const sums = { inside: [0, 0], outside: [0, 0], edge: [0, 0] };
  wanted.forEach((a, i) => {
    const sum = a >= 1 ? sums.inside : a <= 0 ? sums.outside : sums.edge;
    sum[0]! += Math.abs(got[i]! - a) * 255;
    sum[1]!++;
  });
  const of = ([sum, n]: number[]): number => sum! / Math.max(1, n!);
  return { inside: of(sums.inside), outside: of(sums.outside), edge: of(sums.edge) };
}
