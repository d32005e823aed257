/* The colour half of the stacked picture: the person's own colour, spread a little outward so that no edge of the
 * codec can show anything else, and black behind that. Whatever may be the room's colour is left out. */
import type { Room } from "./matte";
import { BLACK, clamp, GREY, WHITE, type Yuv } from "./picture";
import { Spread } from "./spread";

/* Of the matte: taken as it is; and, where the room's colour is known, freed from it. */
const WHOLE = 0.97;
const PART = 0.5;
/* Where it is not known: taken as it is, if its neighbours are not far from it. */
const SURE = 0.92;
const NEARLY = 0.75;
/* Chroma samples (two pixels): of spreading beyond the matte, of it before the fading begins; and the most it takes to
 * cross a soft edge. */
const OUTWARD = 4;
const FADE_FROM = 2;
const CROSS = 8;

export class Foreground {
  private readonly w: number;
  private readonly h: number;
  private readonly colour: Spread;
  /* Least share of the four pixels of a sample. */
  private readonly least: Float32Array;
  private readonly most: Float32Array;
  private readonly roomLuma: Float32Array;
  private readonly roomU: Float32Array;
  private readonly roomV: Float32Array;
  /* Rounds of spreading from the outer end of the matte. */
  private readonly outside: Uint8Array;

  constructor(width: number, height: number) {
    this.w = width / 2;
    this.h = height / 2;
    const plane = (): Float32Array => new Float32Array(this.w * this.h);
    this.colour = new Spread(this.w, this.h, [plane(), plane(), plane()]);
    this.least = plane();
    this.most = plane();
    this.roomLuma = new Float32Array(this.w);
    this.roomU = new Float32Array(this.w);
    this.roomV = new Float32Array(this.w);
    this.outside = new Uint8Array(this.w * this.h);
  }

  /* Into the upper part of `stacked`, whose width is the frame's. */
  write(frame: Yuv, share: Float32Array, room: Room | null, stacked: Yuv): void {
    this.measure(frame, share);
    if (room === null) {
      this.takeWhole(frame);
    } else {
      this.unmix(frame, share, room);
    }
    this.colour.run(CROSS + OUTWARD);
    this.fade();
    this.writeLuma(frame, share, room, stacked);
    this.writeChroma(stacked);
  }

  private measure(frame: Yuv, share: Float32Array): void {
    const { w, h, least, most } = this;
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        const at = 2 * y * frame.width + 2 * x;
        const a = share[at]!;
        const b = share[at + 1]!;
        const c = share[at + frame.width]!;
        const d = share[at + frame.width + 1]!;
        least[y * w + x] = Math.min(a, b, c, d);
        most[y * w + x] = Math.max(a, b, c, d);
      }
    }
  }

  private meanLuma(frame: Yuv, x: number, y: number): number {
    const at = 2 * y * frame.width + 2 * x;
    return (frame.y[at]! + frame.y[at + 1]! + frame.y[at + frame.width]! + frame.y[at + frame.width + 1]!) / 4;
  }

  /* The room is not known: only what is the person's all around counts, since lens and chroma smear. */
  private takeWhole(frame: Yuv): void {
    const { w, h, least, colour } = this;
    const [luma, u, v] = colour.planes as [Float32Array, Float32Array, Float32Array];
    for (let y = 0; y < h; y++) {
      const above = y > 0 ? -w : 0;
      const below = y + 1 < h ? w : 0;
      for (let x = 0; x < w; x++) {
        const i = y * w + x;
        const whole =
          least[i]! >= SURE &&
          least[i + above]! >= NEARLY &&
          least[i + below]! >= NEARLY &&
          least[x > 0 ? i - 1 : i]! >= NEARLY &&
          least[x + 1 < w ? i + 1 : i]! >= NEARLY;
        colour.known[i] = whole ? 1 : 0;
        luma[i] = whole ? this.meanLuma(frame, x, y) : BLACK;
        u[i] = whole ? frame.u[i]! : GREY;
        v[i] = whole ? frame.v[i]! : GREY;
      }
    }
  }

  /* Without the room behind and its light upon the person. */
  private unmix(frame: Yuv, share: Float32Array, room: Room): void {
    const { w, h, colour, roomLuma, roomU, roomV } = this;
    const [luma, u, v] = colour.planes as [Float32Array, Float32Array, Float32Array];
    for (let y = 0; y < h; y++) {
      room.row(y, roomLuma, roomU, roomV);
      for (let x = 0; x < w; x++) {
        const i = y * w + x;
        const at = 2 * y * frame.width + 2 * x;
        const mean = (share[at]! + share[at + 1]! + share[at + frame.width]! + share[at + frame.width + 1]!) / 4;
        const part = mean >= PART;
        colour.known[i] = part ? 1 : 0;
        if (!part) {
          luma[i] = BLACK;
          u[i] = v[i] = GREY;
          continue;
        }
        const rest = 1 - mean;
        let a = (frame.u[i]! - GREY - rest * (roomU[x]! - GREY)) / mean;
        let b = (frame.v[i]! - GREY - rest * (roomV[x]! - GREY)) / mean;
        if (room.spill !== null) {
          const spill = Math.max(0, a * room.spill.u + b * room.spill.v);
          a -= spill * room.spill.u;
          b -= spill * room.spill.v;
        }
        luma[i] = clamp((this.meanLuma(frame, x, y) - rest * roomLuma[x]!) / mean, BLACK, WHITE);
        u[i] = clamp(a + GREY, BLACK, 240);
        v[i] = clamp(b + GREY, BLACK, 240);
      }
    }
  }

  /* Black where the matte has been over for some samples. */
  private fade(): void {
    const { w, h, most, outside, colour } = this;
    for (let i = 0; i < outside.length; i++) {
      outside[i] = most[i]! > 0 ? 0 : OUTWARD + 1;
    }
    /* Distance in two passes, by steps to the side and along. */
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        const i = y * w + x;
        const near = Math.min(x > 0 ? outside[i - 1]! : 255, y > 0 ? outside[i - w]! : 255) + 1;
        outside[i] = Math.min(outside[i]!, near);
      }
    }
    for (let y = h - 1; y >= 0; y--) {
      for (let x = w - 1; x >= 0; x--) {
        const i = y * w + x;
        const near = Math.min(x + 1 < w ? outside[i + 1]! : 255, y + 1 < h ? outside[i + w]! : 255) + 1;
        outside[i] = Math.min(outside[i]!, near);
      }
    }
    const nothing = [BLACK, GREY, GREY];
    for (let i = 0; i < outside.length; i++) {
      const steps = outside[i]!;
      const keep = colour.known[i] === 0 ? 0 : steps <= FADE_FROM ? 1 : (OUTWARD + 1 - steps) / (OUTWARD + 1 - FADE_FROM);
      if (keep < 1) {
        for (let c = 0; c < 3; c++) {
          const plane = colour.planes[c]!;
          plane[i] = nothing[c]! + keep * (plane[i]! - nothing[c]!);
        }
      }
    }
  }

  private writeLuma(frame: Yuv, share: Float32Array, room: Room | null, stacked: Yuv): void {
    const { w, h, colour, least, roomLuma } = this;
    const spread = colour.planes[0]!;
    const { width } = frame;
    for (let y = 0; y < 2 * h; y++) {
      const row = (y >> 1) * w;
      if (room !== null && (y & 1) === 0) {
        room.row(y >> 1, roomLuma, this.roomU, this.roomV);
      }
      for (let x = 0; x < w; x++) {
        const i = row + x;
        for (let at = y * width + 2 * x; at <= y * width + 2 * x + 1; at++) {
          const a = share[at]!;
          if (colour.known[i] === 1 && (room === null || (a >= WHOLE && least[i]! >= PART))) {
            stacked.y[at] = frame.y[at]!;
          } else if (room !== null && a >= PART) {
            stacked.y[at] = clamp((frame.y[at]! - (1 - a) * roomLuma[x]!) / a + 0.5, BLACK, WHITE);
          } else {
            stacked.y[at] = spread[i]! + 0.5;
          }
        }
      }
    }
  }

  private writeChroma(stacked: Yuv): void {
    const u = this.colour.planes[1]!;
    const v = this.colour.planes[2]!;
    for (let i = 0; i < u.length; i++) {
      stacked.u[i] = u[i]! + 0.5;
      stacked.v[i] = v[i]! + 0.5;
    }
  }
}
