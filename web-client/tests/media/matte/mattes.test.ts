import { describe, expect, test } from "vitest";
import { ChromaKey } from "../../../src/media/matte/chroma-key";
import { CleanPlate, PLATE_FRAMES } from "../../../src/media/matte/clean-plate";
import { Guided, resize } from "../../../src/media/matte/guided";
import { Steady } from "../../../src/media/matte/steady";
import { Tempo } from "../../../src/media/matte/tempo";
import { GREEN, greenWall, H, judge, MAIN, noise, picture, stripes, truth, W, type Wall } from "./scene";

describe("a green wall", () => {
  test("gives the true matte, whatever its light", () => {
    const key = new ChromaKey(W, H);
    const wanted = truth([MAIN]);
    const share = new Float32Array(W * H);
    const grain = noise(3);
    for (let n = 0; n < 3; n++) {
      expect(key.look(picture(wanted, greenWall, () => 2 * grain()), null, share)).toBe("ok");
    }
    const errors = judge(share, wanted);
    expect(errors.inside).toBeLessThan(1);
    expect(errors.outside).toBeLessThan(1);
    expect(errors.edge).toBeLessThan(14);
  });

  test("may be blue", () => {
    const key = new ChromaKey(W, H);
    const wanted = truth([MAIN]);
    const share = new Float32Array(W * H);
    expect(key.look(picture(wanted, () => [40, 70, 200]), null, share)).toBe("ok");
    expect(judge(share, wanted).outside).toBeLessThan(1);
  });

  test.each<[string, Wall]>([["grey", () => [150, 150, 150]], ["skin", () => [210, 150, 120]], ["a shelf", (x) => ((x >> 3) % 2 === 0 ? [96, 66, 44] : [200, 180, 130])]])("is not found in %s", (_, wall) => {
    const share = new Float32Array(W * H);
    expect(new ChromaKey(W, H).look(picture(truth([MAIN]), wall), null, share)).toBe("no-wall");
  });

  test("that goes out of sight is said at once, and found again", () => {
    const key = new ChromaKey(W, H);
    const share = new Float32Array(W * H);
    const wanted = truth([MAIN]);
    expect(key.look(picture(wanted, greenWall), null, share)).toBe("ok");
    expect(key.look(picture(wanted, stripes), null, share)).toBe("no-wall");
    expect(key.look(picture(wanted, greenWall), null, share)).toBe("ok");
  });

  test("tells its own colour as the room's", () => {
    const key = new ChromaKey(W, H);
    const frame = picture(truth([MAIN]), () => GREEN);
    key.look(frame, null, new Float32Array(W * H));
    const [luma, u, v] = [0, 0, 0].map(() => new Float32Array(W / 2)) as [Float32Array, Float32Array, Float32Array];
    key.room.row(10, luma, u, v);
    expect(Math.abs(luma[5]! - frame.y[0]!)).toBeLessThan(3);
    expect(Math.abs(u[5]! - frame.u[0]!)).toBeLessThan(3);
    expect(Math.abs(v[5]! - frame.v[0]!)).toBeLessThan(3);
  });
});

describe("a picture of the empty room", () => {
  function prepared(grain: () => number): CleanPlate {
    const plate = new CleanPlate(W, H);
    const share = new Float32Array(W * H);
    const empty = truth([]);
    expect(plate.look(picture(empty, stripes, grain), null, share)).toBe("no-plate");
    expect(plate.taking).toBe(false);
    plate.again();
    for (let n = 0; n < PLATE_FRAMES; n++) {
      expect(plate.taking).toBe(true);
      expect(plate.look(picture(empty, stripes, grain), null, share)).toBe("no-plate");
    }
    expect(plate.ready).toBe(true);
    return plate;
  }

  test("tells the person from the room", () => {
    const grain = noise(5);
    const plate = prepared(() => 2 * grain());
    const share = new Float32Array(W * H);
    const wanted = truth([MAIN]);
    for (let n = 0; n < 3; n++) {
      expect(plate.look(picture(wanted, stripes, () => 2 * grain()), null, share)).toBe("ok");
    }
    const errors = judge(share, wanted);
    expect(errors.inside).toBeLessThan(8);
    expect(errors.outside).toBeLessThan(6);
  });

  test("bears a camera that takes a little more light", () => {
    const grain = noise(6);
    const plate = prepared(() => 2 * grain());
    const share = new Float32Array(W * H);
    const wanted = truth([MAIN]);
    for (let n = 0; n < 30; n++) {
      plate.look(picture(wanted, stripes, () => 2 * grain(), 1.08), null, share);
    }
    expect(judge(share, wanted).outside).toBeLessThan(6);
  });
});

describe("over time", () => {
  test("a matte that flickers is calmed", () => {
    const steady = new Steady();
    const grain = noise(9);
    let raw = 0;
    let calm = 0;
    let before = 0.5;
    for (let n = 0; n < 300; n++) {
      const value = 0.5 + 0.04 * grain();
      const share = Float32Array.of(value);
      steady.blend(share);
      if (n > 10) {
        raw += (value - 0.5) ** 2;
        calm += (share[0]! - before) ** 2;
      }
      before = share[0]!;
    }
    expect(calm).toBeLessThan(raw / 4);
  });

  test("who moves leaves no ghost", () => {
    const steady = new Steady();
    steady.blend(Float32Array.of(1, 0));
    const moved = Float32Array.of(0, 1);
    steady.blend(moved);
    expect([...moved]).toEqual([0, 1]);
  });
});

test("a soft, small matte is brought to the edge in the picture", () => {
  const wanted = truth([MAIN], 1.5);
  const frame = picture(wanted, () => [40, 45, 60]);
  const small = new Float32Array((W / 4) * (H / 4));
  resize(truth([MAIN], 12), W, H, small, W / 4, H / 4);
  const share = new Float32Array(W * H);
  new Guided(W, H).refine(frame, small, W / 4, H / 4, share);
  const plain = new Float32Array(W * H);
  resize(small, W / 4, H / 4, plain, W, H);
  const near = (got: Float32Array): number => {
    let sum = 0;
    let n = 0;
    truth([{ ...MAIN, r: MAIN.r + 4 }], 1).forEach((a, i) => {
      if (a > 0.5 && truthInner[i]! < 0.5) {
        sum += Math.abs(got[i]! - wanted[i]!);
        n++;
      }
    });
    return sum / n;
  };
  const truthInner = truth([{ ...MAIN, r: MAIN.r - 4 }], 1);
  expect(near(share)).toBeLessThan(0.55 * near(plain));
});

describe("how many pictures a second", () => {
  const run = (cost: number, fps: number): number => {
    const tempo = new Tempo();
    let taken = 0;
    for (let n = 0; n < 10 * fps; n++) {
      if (tempo.take((n * 1000) / fps)) {
        taken++;
        tempo.spent(cost);
      }
    }
    return taken / 10;
  };

  test("24 when there is time, also of a camera of 30 or 60", () => {
    expect(run(10, 30)).toBeGreaterThan(22);
    expect(run(10, 60)).toBeGreaterThan(22);
    expect(run(10, 60)).toBeLessThanOrEqual(25);
  });

  test("fewer where one takes long, never less than 6", () => {
    expect(run(60, 30)).toBeGreaterThan(11);
    expect(run(60, 30)).toBeLessThan(14);
    expect(run(900, 30)).toBeGreaterThanOrEqual(6);
  });
});
