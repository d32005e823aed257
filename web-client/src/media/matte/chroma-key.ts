/* A person before a green or blue wall. The same way as the server's (pipelines/key/key_frame.c): at the size of
 * chroma, then sharpened to that of luma. */
import { Masks } from "./masks";
import type { Matte, Room, Told } from "./matte";
import { clamp, GREY, type Yuv } from "./picture";
import { Spread } from "./spread";
import { Wall } from "./wall";

/* Less change than this is blended with the frame before. */
const STILL = 0.12;
/* Samples from the edge of what is surely the person; from there to the outer end of their edge; around what is
 * neither person nor wall. */
const CORE = 2;
const EDGE = 6;
const NEAR = 3;
/* What a pixel takes from its own sample, from the one it lies towards, and from the one opposite. */
const CENTRE = 1;
const TOWARDS = 0.2;
const AWAY = 0.2;
/* Samples to each side in which luma and matte are compared; and how much luma has to differ (squared). */
const REACH = 2;
const EPSILON = 20;

export class ChromaKey implements Matte {
  private readonly w: number;
  private readonly h: number;
  private readonly wall: Wall;
  /* Chroma in the wall's direction; less what is off that direction. */
  private readonly along: Float32Array;
  private readonly p: Float32Array;
  private readonly luma: Float32Array;
  private readonly before: Float32Array;
  private readonly matte: Float32Array;
  private readonly masks: Masks;
  private readonly person: Spread;
  private readonly wallP: Float32Array;
  private readonly wallLuma: Float32Array;
  private readonly line: Float32Array;
  private readonly lumaLine: Float32Array;
  private readonly slope: Float32Array;
  private steady = false;

  constructor(width: number, height: number) {
    this.w = width / 2;
    this.h = height / 2;
    const plane = (): Float32Array => new Float32Array(this.w * this.h);
    this.wall = new Wall(this.w, this.h);
    this.along = plane();
    this.p = plane();
    this.luma = plane();
    this.before = plane();
    this.matte = plane();
    this.masks = new Masks(this.w, this.h);
    this.person = new Spread(this.w, this.h, [plane()]);
    this.wallP = new Float32Array(this.w);
    this.wallLuma = new Float32Array(this.w);
    this.line = new Float32Array(this.w + 2);
    this.lumaLine = new Float32Array(this.w + 2);
    this.slope = plane();
  }

  get room(): Room {
    const { wall, wallP } = this;
    return {
      spill: { u: wall.u, v: wall.v },
      row: (y, luma, u, v) => {
        wall.row(y, wallP, luma);
        for (let x = 0; x < wallP.length; x++) {
          u[x] = GREY + wallP[x]! * wall.u;
          v[x] = GREY + wallP[x]! * wall.v;
        }
      },
    };
  }

  look(frame: Yuv, _image: unknown, share: Float32Array): Told {
    if (!this.wall.look(frame)) {
      this.steady = false;
      return "no-wall";
    }
    this.measure(frame);
    this.wall.map(this.p, this.luma);
    this.findPerson();
    this.findShare();
    this.settle();
    this.write(frame, share);
    return "ok";
  }

  close(): void {
    /* nothing to give back */
  }

  private measure(frame: Yuv): void {
    const { w, h, along, p, luma, wall } = this;
    const { y, u, v, width } = frame;
    for (let i = 0; i < w * h; i++) {
      const a = u[i]! - GREY;
      const b = v[i]! - GREY;
      const inLine = a * wall.u + b * wall.v;
      const off = Math.abs(a * wall.v - b * wall.u) - 0.3 * inLine;
      along[i] = inLine;
      p[i] = inLine - 0.7 * (off > 0 ? off : 0);
    }
    for (let row = 0; row < h; row++) {
      let at = 2 * row * width;
      for (let x = 0; x < w; x++, at += 2) {
        luma[row * w + x] = (y[at]! + y[at + 1]! + y[at + width]! + y[at + width + 1]!) / 4;
      }
    }
  }

  /* At the edge a person has the colour that they have just inside it. */
  private findPerson(): void {
    const { masks, p, person, along } = this;
    const least = 0.04 * this.wall.strength;
    for (let i = 0; i < p.length; i++) {
      masks.mask[i] = p[i]! <= least ? 1 : 0;
    }
    for (let round = 0; round < CORE; round++) {
      masks.shrink();
    }
    person.known.set(masks.mask);
    person.planes[0]!.set(along);
    person.run(EDGE);
  }

  /* 0 as the wall beside it, 1 as the person beside it. */
  private findShare(): void {
    const { w, h, p, along, before, person, wallP } = this;
    const blend = this.steady ? STILL : 0;
    for (let y = 0; y < h; y++) {
      this.wall.row(y, wallP, this.wallLuma);
      for (let x = 0; x < w; x++) {
        const i = y * w + x;
        const known = person.known[i]!;
        const wall = wallP[x]!;
        const room = wall - person.planes[0]![i]!;
        const edge = known > 1 && room > 0.3 * wall;
        const a = known === 1 ? 1 : clamp((wall - (edge ? along[i]! : p[i]!)) / (edge ? room : wall), 0, 1);
        const change = a - before[i]!;
        before[i] = Math.abs(change) < blend ? before[i]! + change / 3 : a;
      }
    }
    this.steady = true;
  }

  /* Quiet at both ends, true in between. Far from any edge what is little is noise. */
  private settle(): void {
    const { before, matte, masks } = this;
    for (let i = 0; i < before.length; i++) {
      masks.mask[i] = before[i]! > 0.2 && before[i]! < 0.8 ? 1 : 0;
    }
    for (let round = 0; round < NEAR; round++) {
      masks.grow();
    }
    for (let i = 0; i < before.length; i++) {
      const a = before[i]!;
      const near = masks.mask[i] === 1;
      const dead = near ? 0.02 : 0.07;
      const from = near ? 0.05 : 0.2;
      let b = a < 0.5 ? a : 1 - a;
      b = b < from ? Math.max(0, (b - dead) * (from / (from - dead))) : b;
      matte[i] = a < 0.5 ? b : 1 - b;
    }
  }

  /* By how much the matte changes with luma around each sample at an edge: where the person is darker or lighter than
   * the wall, luma knows the edge to the pixel (a guided filter's slope). */
  private lean(): void {
    const { w, h, matte, luma, masks, slope } = this;
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        const i = y * w + x;
        if (masks.mask[i] === 0) {
          continue;
        }
        let n = 0;
        let l = 0;
        let m = 0;
        let ll = 0;
        let lm = 0;
        for (let j = Math.max(0, y - REACH); j <= Math.min(h - 1, y + REACH); j++) {
          for (let k = Math.max(0, x - REACH); k <= Math.min(w - 1, x + REACH); k++) {
            const light = luma[j * w + k]!;
            const share = matte[j * w + k]!;
            n++;
            l += light;
            m += share;
            ll += light * light;
            lm += light * share;
          }
        }
        slope[i] = (lm - (l * m) / n) / (ll - (l * l) / n + n * EPSILON);
      }
    }
  }

  /* At the size of luma, sharpened against what sampling has softened. A chroma sample lies in the middle of its four
   * pixels: each has a neighbour that is nearer than the one opposite. */
  private write(frame: Yuv, share: Float32Array): void {
    const { w, h, matte, masks, line, luma, lumaLine, slope } = this;
    this.lean();
    for (let y = 0; y < 2 * h; y++) {
      const j = y >> 1;
      const above = Math.max(0, j - 1) * w;
      const below = Math.min(h - 1, j + 1) * w;
      const [near, far] = (y & 1) === 1 ? [below, above] : [above, below];
      for (let x = 0; x < w; x++) {
        const i = j * w + x;
        line[x + 1] = CENTRE * matte[i]! + TOWARDS * matte[near + x]! - AWAY * matte[far + x]!;
        lumaLine[x + 1] = CENTRE * luma[i]! + TOWARDS * luma[near + x]! - AWAY * luma[far + x]!;
      }
      line[0] = line[1]!;
      line[w + 1] = line[w]!;
      lumaLine[0] = lumaLine[1]!;
      lumaLine[w + 1] = lumaLine[w]!;
      let to = y * 2 * w;
      for (let x = 0; x < w; x++, to += 2) {
        const i = j * w + x;
        if (masks.mask[i] === 1) {
          const s = slope[i]!;
          share[to] = clamp(towards(line, x + 1, -1) + s * (frame.y[to]! - towards(lumaLine, x + 1, -1)), 0, 1);
          share[to + 1] = clamp(towards(line, x + 1, 1) + s * (frame.y[to + 1]! - towards(lumaLine, x + 1, 1)), 0, 1);
        } else {
          share[to] = share[to + 1] = matte[i]!;
        }
      }
    }
  }
}

function towards(line: Float32Array, at: number, side: 1 | -1): number {
  return CENTRE * line[at]! + TOWARDS * line[at + side]! - AWAY * line[at - side]!;
}
