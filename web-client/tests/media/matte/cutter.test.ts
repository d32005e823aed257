import { describe, expect, test } from "vitest";
import { ChromaKey } from "../../../src/media/matte/chroma-key";
import { Cutter } from "../../../src/media/matte/cutter";
import type { Matte } from "../../../src/media/matte/matte";
import { BLACK, fromRgba, GREY, makeYuv, rgbOf, WHITE } from "../../../src/media/matte/picture";
import { workSize } from "../../../src/media/matte/cutting-room";
import { GREEN, greenWall, H, MAIN, picture, SKIN, stripes, truth, W, type Disc } from "./scene";

/* A matte that is right. */
function told(share: Float32Array): Matte {
  return {
    room: null,
    look: (_frame, _image, to) => {
      to.set(share);
      return "ok";
    },
    close: () => undefined,
  };
}

const at = (x: number, y: number): number => y * W + x;

function colourAt(cutter: Cutter, x: number, y: number): [number, number, number] {
  const half = (y >> 1) * (W / 2) + (x >> 1);
  return rgbOf(cutter.stacked.y[at(x, y)]!, cutter.stacked.u[half]!, cutter.stacked.v[half]!);
}

function like(a: readonly number[], b: readonly number[]): number {
  return Math.max(...a.map((v, i) => Math.abs(v - b[i]!)));
}

describe("pictures", () => {
  test("keep grey, black, white and colours", () => {
    const yuv = makeYuv(2, 2);
    for (const [rgb, l] of [[[0, 0, 0], BLACK], [[255, 255, 255], WHITE], [[128, 128, 128], 126]] as const) {
      fromRgba(Uint8ClampedArray.from(Array.from({ length: 4 }, () => [...rgb, 255]).flat()), yuv);
      expect([yuv.y[0], yuv.u[0], yuv.v[0]]).toEqual([l, GREY, GREY]);
    }
    fromRgba(Uint8ClampedArray.from(Array.from({ length: 4 }, () => [...SKIN, 255]).flat()), yuv);
    expect(like(rgbOf(yuv.y[0]!, yuv.u[0]!, yuv.v[0]!), SKIN)).toBeLessThan(3);
  });

  test("are worked on no larger than is cut out in time, in the camera's shape", () => {
    expect(workSize(640, 360)).toEqual({ width: 640, height: 360 });
    expect(workSize(1280, 720)).toEqual({ width: 640, height: 360 });
    expect(workSize(720, 1280)).toEqual({ width: 360, height: 640 });
    expect(workSize(320, 240)).toEqual({ width: 320, height: 240 });
    const { width, height } = workSize(1921, 1081);
    expect((width % 2) + (height % 2)).toBe(0);
    expect(width * height).toBeLessThan(640 * 365);
  });
});

describe("the colour half", () => {
  test("has the person's colour inside and around them, and black behind that", () => {
    const share = truth([MAIN]);
    const cutter = new Cutter(W, H);
    expect(cutter.cut(picture(share, stripes), null, told(share)).sight).toBe("one");
    expect(like(colourAt(cutter, MAIN.x, MAIN.y), SKIN)).toBeLessThan(4);
    expect(like(colourAt(cutter, MAIN.x + MAIN.r + 4, MAIN.y), SKIN)).toBeLessThan(8);
    expect(like(colourAt(cutter, MAIN.x + MAIN.r + 24, MAIN.y), [0, 0, 0])).toBeLessThan(2);
    expect(like(colourAt(cutter, 2, 2), [0, 0, 0])).toBeLessThan(2);
  });

  test("never has any of the room in it", () => {
    const share = truth([MAIN]);
    const cutter = new Cutter(W, H);
    cutter.cut(picture(share, () => [30, 60, 230]), null, told(share));
    /* Every sample is the person's colour, darkened. */
    for (let y = 0; y < H; y++) {
      for (let x = 0; x < W; x++) {
        const [r, , b] = colourAt(cutter, x, y);
        expect(b).toBeLessThan(Math.max(8, 0.75 * r));
      }
    }
  });

  test("of a green wall keeps no green, at the edge neither", () => {
    const share = truth([MAIN]);
    const cutter = new Cutter(W, H);
    cutter.cut(picture(share, greenWall), null, new ChromaKey(W, H));
    for (let y = 0; y < H; y++) {
      for (let x = 0; x < W; x++) {
        const [r, g] = colourAt(cutter, x, y);
        expect(g).toBeLessThan(Math.max(14, r + 6));
      }
    }
    expect(GREEN[1]).toBeGreaterThan(100);
  });
});

describe("the matte half and the guard band", () => {
  test("lie where the layout says", () => {
    const share = truth([MAIN]);
    const cutter = new Cutter(W, H);
    cutter.cut(picture(share, stripes), null, told(share));
    const { layout, stacked } = cutter;
    expect([stacked.width, stacked.height]).toEqual([layout.width, layout.height]);
    const from = Math.round(layout.matte.y * layout.height) * W;
    expect(stacked.y[from + at(MAIN.x, MAIN.y)]).toBe(WHITE);
    expect(stacked.y[from]).toBe(BLACK);
    for (const [patch, value] of [[layout.patches.black, BLACK], [layout.patches.white, WHITE]] as const) {
      const x = Math.round((patch.x + patch.w / 2) * W);
      const y = Math.round((patch.y + patch.h / 2) * layout.height);
      expect(stacked.y[y * W + x]).toBe(value);
    }
    expect(new Set(stacked.u.subarray((stacked.u.length / layout.height) * H))).toEqual(new Set([GREY]));
  });

  test("an edge stays as it is, noise goes", () => {
    const share = truth([MAIN]);
    const noisy = share.map((a) => (a === 0 ? 0.02 : a));
    const cutter = new Cutter(W, H);
    cutter.cut(picture(share, stripes), null, told(noisy));
    let worst = 0;
    cutter.share.forEach((a, i) => {
      worst = Math.max(worst, share[i]! > 0.12 && share[i]! < 0.88 ? Math.abs(a - share[i]!) : share[i] === 0 ? a : 0);
    });
    expect(worst).toBe(0);
  });
});

describe("who is in the picture", () => {
  const left: Disc = { x: 40, y: 80, r: 30 };
  const right: Disc = { x: 122, y: 84, r: 22 };

  test("nobody: nothing is shown, of the picture before neither", () => {
    const cutter = new Cutter(W, H);
    const share = truth([MAIN]);
    cutter.cut(picture(share, stripes), null, told(share));
    expect(cutter.cut(picture(truth([]), stripes), null, told(truth([]))).sight).toBe("nobody");
    const { stacked, layout } = cutter;
    expect(Math.max(...stacked.y.subarray(0, W * H))).toBe(BLACK);
    expect(Math.max(...stacked.y.subarray(Math.round(layout.matte.y * layout.height) * W))).toBe(BLACK);
    expect(Math.max(...stacked.v)).toBe(GREY);
  });

  test("two: the larger is kept, and said", () => {
    const cutter = new Cutter(W, H);
    const share = truth([left, right]);
    expect(cutter.cut(picture(share, stripes), null, told(share)).sight).toBe("others");
    expect(cutter.share[at(left.x, left.y)]).toBe(1);
    expect(cutter.share[at(right.x, right.y)]).toBe(0);
    expect(like(colourAt(cutter, right.x, right.y), [0, 0, 0])).toBeLessThan(2);
  });

  test("who was there first stays the one that is shown", () => {
    const cutter = new Cutter(W, H);
    const alone = truth([right]);
    cutter.cut(picture(alone, stripes), null, told(alone));
    const both = truth([{ ...left, r: 25 }, right]);
    cutter.cut(picture(both, stripes), null, told(both));
    expect(cutter.share[at(right.x, right.y)]).toBe(1);
    expect(cutter.share[at(left.x, left.y)]).toBe(0);
    /* … and comes back after having left. */
    cutter.cut(picture(truth([]), stripes), null, told(truth([])));
    expect(cutter.cut(picture(both, stripes), null, told(both)).sight).toBe("others");
    expect(cutter.share[at(left.x, left.y)]).toBe(1);
  });

  test("where head and feet are is told", () => {
    const cutter = new Cutter(W, H);
    const share = truth([MAIN]);
    const { top, bottom } = cutter.cut(picture(share, stripes), null, told(share));
    expect(Math.abs(top! * H - (MAIN.y - MAIN.r))).toBeLessThanOrEqual(9);
    expect(Math.abs(bottom! * H - (MAIN.y + MAIN.r))).toBeLessThanOrEqual(9);
  });

  test("a black camera is no person", () => {
    const cutter = new Cutter(W, H);
    expect(cutter.cut(picture(truth([]), () => [3, 3, 4]), null, told(truth([MAIN]))).sight).toBe("dark");
    expect(Math.max(...cutter.share)).toBe(0);
    /* A dim room is not black. */
    const share = truth([MAIN]);
    expect(cutter.cut(picture(share, () => [20, 20, 24]), null, told(share)).sight).toBe("one");
  });
});
