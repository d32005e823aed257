/* A green or blue wall behind a person: what colour it has, and how light it is where the person is not. The
 * same way as the server's (pipelines/key/key_wall.c); all at the size of chroma. */
import { GREY, type Yuv } from "./picture";

const BLOCK = 16;
const CHROMA_LEAST = 16;
const BINS = 32;
const STEP = 2;
/* Of the border: to take a colour for the wall's, and to believe that it is still there. */
const SHARE_NEW = 0.2;
const SHARE_OLD = 0.05;
const SMOOTHING = 24;
const PATIENCE = 25;

interface Sums {
  u: number;
  v: number;
  wall: number;
  all: number;
}

export class Wall {
  /* Its chroma's direction and length. */
  u = 0;
  v = 0;
  strength = 0;
  private found = false;
  private missed = 0;
  private readonly columns: number;
  private readonly rows: number;
  private p: Float32Array;
  private luma: Float32Array;
  private seen: Uint8Array;
  private nextP: Float32Array;
  private nextLuma: Float32Array;

  constructor(
    private readonly width: number,
    private readonly height: number,
  ) {
    this.columns = Math.ceil(width / BLOCK);
    this.rows = Math.ceil(height / BLOCK);
    const n = this.columns * this.rows;
    this.p = new Float32Array(n);
    this.luma = new Float32Array(n);
    this.seen = new Uint8Array(n);
    this.nextP = new Float32Array(n);
    this.nextLuma = new Float32Array(n);
  }

  /* Samples of the upper edge and both sides: a person comes from below. */
  private border(frame: Yuv, visit: (u: number, v: number) => void): void {
    const { width, height } = this;
    const side = Math.floor(width / 10);
    for (let y = 0; y < height; y += STEP) {
      const top = y < height / 8;
      for (let x = 0; x < width; x += STEP) {
        if (!top && x >= side && x + side < width) {
          x = width - side;
        }
        const i = y * width + x;
        visit(frame.u[i]! - GREY, frame.v[i]! - GREY);
      }
    }
  }

  private alike(frame: Yuv, x: number, y: number, least: number): Sums {
    const sums: Sums = { u: 0, v: 0, wall: 0, all: 0 };
    this.border(frame, (u, v) => {
      const along = u * x + v * y;
      sums.all++;
      if (along > least && Math.abs(u * y - v * x) < 0.4 * along) {
        sums.u += u;
        sums.v += v;
        sums.wall++;
      }
    });
    return sums;
  }

  /* The commonest colour that a screen has: from yellowish green to blue, not skin's. */
  private guess(frame: Yuv): { u: number; v: number } | null {
    const counts = new Uint32Array(BINS * BINS);
    let most = 0;
    let best: { u: number; v: number } | null = null;
    this.border(frame, (u, v) => {
      if (v < 0 && -10 * v >= Math.abs(u) && u * u + v * v >= CHROMA_LEAST * CHROMA_LEAST) {
        const bin = (((u + GREY) * BINS) >> 8) * BINS + (((v + GREY) * BINS) >> 8);
        const count = counts[bin]! + 1;
        counts[bin] = count;
        if (count > most) {
          most = count;
          best = { u, v };
        }
      }
    });
    return best;
  }

  private learn(frame: Yuv): boolean {
    let colour = this.guess(frame);
    for (let pass = 0; pass < 2; pass++) {
      if (colour === null) {
        return false;
      }
      const length = Math.hypot(colour.u, colour.v);
      const least = Math.max(CHROMA_LEAST, (pass === 0 ? 0.2 : 0.35) * length);
      const sums = this.alike(frame, colour.u / length, colour.v / length, least);
      if (sums.wall < SHARE_NEW * sums.all) {
        return false;
      }
      colour = { u: sums.u / sums.wall, v: sums.v / sums.wall };
    }
    if (colour === null) {
      return false;
    }
    this.strength = Math.hypot(colour.u, colour.v);
    this.u = colour.u / this.strength;
    this.v = colour.v / this.strength;
    return true;
  }

  /* Whether the wall is in sight. */
  look(frame: Yuv): boolean {
    if (!this.found) {
      this.missed = 0;
      this.found = this.learn(frame);
      return this.found;
    }
    const sums = this.alike(frame, this.u, this.v, 0.35 * this.strength);
    if (sums.wall >= SHARE_OLD * sums.all) {
      this.missed = 0;
      return true;
    }
    this.found = ++this.missed < PATIENCE;
    return false;
  }

  private measure(p: Float32Array, luma: Float32Array, bx: number, by: number): void {
    const { width, height } = this;
    const x1 = Math.min(width, (bx + 1) * BLOCK);
    const y1 = Math.min(height, (by + 1) * BLOCK);
    let most = 0;
    for (let y = by * BLOCK; y < y1; y++) {
      for (let x = bx * BLOCK; x < x1; x++) {
        most = Math.max(most, p[y * width + x]!);
      }
    }
    const least = Math.max(0.82 * most, 0.35 * this.strength);
    let sum = 0;
    let bright = 0;
    let count = 0;
    for (let y = by * BLOCK; y < y1; y++) {
      for (let x = bx * BLOCK; x < x1; x++) {
        const i = y * width + x;
        if (p[i]! > least) {
          sum += p[i]!;
          bright += luma[i]!;
          count++;
        }
      }
    }
    const i = by * this.columns + bx;
    const seen = 2 * count >= (x1 - bx * BLOCK) * (y1 - by * BLOCK);
    this.seen[i] = seen ? 1 : 0;
    this.p[i] = seen ? sum / count : 0;
    this.luma[i] = seen ? bright / count : 0;
  }

  /* Hands light on to blocks that have none; or evens it out between those that were seen. */
  private fill(smooth: boolean): boolean {
    const { columns, rows, p, luma, seen, nextP, nextLuma } = this;
    let missing = false;
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) {
        const i = y * columns + x;
        if (seen[i] === 1 || (!smooth && p[i]! > 0)) {
          nextP[i] = p[i]!;
          nextLuma[i] = luma[i]!;
          continue;
        }
        let sum = 0;
        let bright = 0;
        let count = 0;
        for (const j of [x > 0 ? i - 1 : -1, x + 1 < columns ? i + 1 : -1, i - columns, y + 1 < rows ? i + columns : -1]) {
          if (j >= 0 && p[j]! > 0) {
            sum += p[j]!;
            bright += luma[j]!;
            count++;
          }
        }
        nextP[i] = count > 0 ? sum / count : 0;
        nextLuma[i] = count > 0 ? bright / count : 0;
        missing ||= count === 0;
      }
    }
    [this.p, this.nextP] = [nextP, p];
    [this.luma, this.nextLuma] = [nextLuma, luma];
    return missing;
  }

  /* How strong the wall's colour (`p`) and how bright it is, everywhere. */
  map(p: Float32Array, luma: Float32Array): void {
    for (let y = 0; y < this.rows; y++) {
      for (let x = 0; x < this.columns; x++) {
        this.measure(p, luma, x, y);
      }
    }
    for (let round = 0; round < this.columns + this.rows && this.fill(false); round++) {
      /* until all have some */
    }
    for (let round = 0; round < SMOOTHING; round++) {
      this.fill(true);
    }
    for (let i = 0; i < this.p.length; i++) {
      if (this.p[i]! <= 0) {
        this.p[i] = this.strength;
        this.luma[i] = GREY;
      }
    }
  }

  /* Of one row, between the middles of the blocks. */
  row(y: number, toP: Float32Array, toLuma: Float32Array): void {
    const { columns, rows, width } = this;
    const fy = Math.min(Math.max((y + 0.5) / BLOCK - 0.5, 0), rows - 1);
    const iy = Math.floor(fy);
    const ay = fy - iy;
    const a = iy * columns;
    const b = Math.min(iy + 1, rows - 1) * columns;
    for (let x = 0; x < width; x++) {
      const fx = Math.min(Math.max((x + 0.5) / BLOCK - 0.5, 0), columns - 1);
      const ix = Math.floor(fx);
      const jx = Math.min(ix + 1, columns - 1);
      const ax = fx - ix;
      const mix = (m: Float32Array): number =>
        (m[a + ix]! * (1 - ax) + m[a + jx]! * ax) * (1 - ay) + (m[b + ix]! * (1 - ax) + m[b + jx]! * ax) * ay;
      toP[x] = mix(this.p);
      toLuma[x] = mix(this.luma);
    }
  }
}
