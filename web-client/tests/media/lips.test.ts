import { describe, expect, it } from "vitest";
import { Lips } from "../../src/media/lips";

function looks(lips: Lips, skew: number, count: number, from = 0): boolean {
  let changed = false;
  for (let i = 1; i <= count; i++) {
    changed = lips.take({ skew, progress: [from + i, from + i] }) || changed;
  }
  return changed;
}

describe("Lips", () => {
  it("holds a picture that is ahead back by what it is ahead", () => {
    const lips = new Lips();
    const before = lips.delays.video;
    expect(looks(lips, -50, 4)).toBe(true);
    expect(lips.delays).toEqual({ audio: 0, video: before + 40 });
  });

  it("holds the sound back when the picture cannot come earlier", () => {
    const lips = new Lips();
    looks(lips, 300, 4);
    expect(lips.delays).toEqual({ audio: 140, video: 0 });
  });

  it("leaves alone what nobody notices", () => {
    expect(looks(new Lips(), 14, 19)).toBe(false);
  });

  it("learns nothing from streams that stand still", () => {
    const lips = new Lips();
    for (let i = 0; i < 9; i++) {
      expect(lips.take({ skew: -300, progress: [7, i] })).toBe(false);
    }
  });

  it("does not jump on odd looks", () => {
    const lips = new Lips();
    looks(lips, 2, 3);
    expect(lips.take({ skew: -900, progress: [4, 4] })).toBe(false);
  });

  it("stays within bounds", () => {
    const lips = new Lips();
    for (let i = 0; i < 20; i++) {
      looks(lips, -900, 6, i * 6);
    }
    expect(lips.delays.video).toBe(180);
  });
});
