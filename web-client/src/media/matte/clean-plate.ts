/* The difference from a picture of the empty room, taken while nobody was in sight. Works with any wall as long as
 * neither camera nor light moves; a change of brightness of the whole picture is taken out first. */
import { resize } from "./guided";
import type { Matte, Room, Told } from "./matte";
import { clamp, type Yuv } from "./picture";
import { Steady } from "./steady";

/* Pictures that make one plate. */
export const PLATE_FRAMES = 20;
/* Difference in standard deviations of the plate's noise: below the first the room, above the second a person. */
const ROOM = 3.5;
const PERSON = 9;
/* A shadow is darker at most by so much and keeps its colour. */
const SHADOW = 0.72;
const NOISE_LEAST = 1.6;

export class CleanPlate implements Matte {
  private readonly w: number;
  private readonly h: number;
  /* Sums while the plate is made, then means; luma, u, v. */
  private readonly mean: readonly [Float32Array, Float32Array, Float32Array];
  private readonly square: readonly [Float32Array, Float32Array, Float32Array];
  private readonly now: readonly [Float32Array, Float32Array, Float32Array];
  private noise: [number, number, number] = [NOISE_LEAST, NOISE_LEAST, NOISE_LEAST];
  private readonly small: Float32Array;
  private readonly work: Float32Array;
  private readonly steady = new Steady();
  private taken = 0;
  private wanted = false;
  private gain = 1;

  constructor(width: number, height: number) {
    this.w = width / 2;
    this.h = height / 2;
    const plane = (): Float32Array => new Float32Array(this.w * this.h);
    this.mean = [plane(), plane(), plane()];
    this.square = [plane(), plane(), plane()];
    this.now = [plane(), plane(), plane()];
    this.small = plane();
    this.work = plane();
  }

  get ready(): boolean {
    return this.taken >= PLATE_FRAMES;
  }

  /* A plate is being made just now. */
  get taking(): boolean {
    return this.wanted && !this.ready;
  }

  /* Forgets the plate: the next PLATE_FRAMES pictures make a new one. */
  again(): void {
    this.wanted = true;
    this.taken = 0;
    this.steady.forget();
    for (const plane of [...this.mean, ...this.square]) {
      plane.fill(0);
    }
  }

  get room(): Room | null {
    if (!this.ready) {
      return null;
    }
    const { w, mean } = this;
    return {
      spill: null,
      row: (y, luma, u, v) => {
        for (let x = 0; x < w; x++) {
          const i = y * w + x;
          luma[x] = mean[0][i]! * this.gain;
          u[x] = mean[1][i]!;
          v[x] = mean[2][i]!;
        }
      },
    };
  }

  look(frame: Yuv, _image: unknown, share: Float32Array): Told {
    this.halve(frame);
    if (!this.ready) {
      if (this.wanted) {
        this.take();
      }
      return "no-plate";
    }
    this.follow();
    this.differ();
    this.median();
    this.steady.blend(this.small);
    resize(this.small, this.w, this.h, share, frame.width, frame.height);
    return "ok";
  }

  close(): void {
    /* nothing to give back */
  }

  private halve(frame: Yuv): void {
    const { w, h, now } = this;
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        const i = y * w + x;
        const at = 2 * y * frame.width + 2 * x;
        now[0][i] = (frame.y[at]! + frame.y[at + 1]! + frame.y[at + frame.width]! + frame.y[at + frame.width + 1]!) / 4;
        now[1][i] = frame.u[i]!;
        now[2][i] = frame.v[i]!;
      }
    }
  }

  private take(): void {
    this.taken++;
    for (let c = 0; c < 3; c++) {
      const now = this.now[c]!;
      const sum = this.mean[c]!;
      const square = this.square[c]!;
      for (let i = 0; i < now.length; i++) {
        sum[i]! += now[i]!;
        square[i]! += now[i]! * now[i]!;
      }
    }
    if (this.ready) {
      this.finish();
    }
  }

  private finish(): void {
    this.gain = 1;
    this.noise = [0, 1, 2].map((c) => {
      const mean = this.mean[c]!;
      const square = this.square[c]!;
      let variance = 0;
      for (let i = 0; i < mean.length; i++) {
        mean[i]! /= PLATE_FRAMES;
        variance += Math.max(0, square[i]! / PLATE_FRAMES - mean[i]! * mean[i]!);
      }
      return Math.max(NOISE_LEAST, Math.sqrt(variance / mean.length));
    }) as [number, number, number];
  }

  /* How much brighter the room is than on the plate: the median where it looks like the room. */
  private follow(): void {
    const [luma, u, v] = this.now;
    const ratios: number[] = [];
    for (let i = 0; i < luma.length; i += 37) {
      const alike = Math.abs(u[i]! - this.mean[1][i]!) + Math.abs(v[i]! - this.mean[2][i]!) < 3 * (this.noise[1] + this.noise[2]);
      if (alike && this.mean[0][i]! > 40) {
        ratios.push(luma[i]! / this.mean[0][i]!);
      }
    }
    if (ratios.length > 50) {
      ratios.sort((a, b) => a - b);
      this.gain += (clamp(ratios[ratios.length >> 1]!, 0.7, 1.4) - this.gain) * 0.2;
    }
  }

  private differ(): void {
    const { small, gain, noise, mean, now } = this;
    for (let i = 0; i < small.length; i++) {
      const l = mean[0][i]! * gain;
      const d = now[0][i]! - l;
      const light = Math.abs(d) / noise[0];
      const colour = Math.hypot((now[1][i]! - mean[1][i]!) / noise[1], (now[2][i]! - mean[2][i]!) / noise[2]);
      const shadow = d < 0 && now[0][i]! > l * SHADOW && colour < ROOM;
      small[i] = clamp((Math.max(shadow ? light * 0.3 : light, colour) - ROOM) / (PERSON - ROOM), 0, 1);
    }
  }

  /* The middle of each sample and its four neighbours: specks go. */
  private median(): void {
    const { w, h, small, work } = this;
    const five = new Float32Array(5);
    work.set(small);
    for (let y = 1; y + 1 < h; y++) {
      for (let x = 1; x + 1 < w; x++) {
        const i = y * w + x;
        five[0] = work[i]!;
        five[1] = work[i - 1]!;
        five[2] = work[i + 1]!;
        five[3] = work[i - w]!;
        five[4] = work[i + w]!;
        if (five[0] !== five[1] || five[0] !== five[2] || five[0] !== five[3] || five[0] !== five[4]) {
          five.sort();
          small[i] = five[2]!;
        }
      }
    }
  }
}

