import { describe, expect, it } from "vitest";
import { patchCore, personAspect, personSize, sampleBounds, shareOf } from "../../src/matte/geometry";
import { cutOut } from "../../src/matte/painter";
import { layoutFor } from "../../src/core/matte-layout";

const layout = layoutFor(480, 640);

describe("a stacked picture", () => {
  it("has the person's size and shape whatever it was rescaled to", () => {
    expect(personSize(layout, { width: 480, height: 1312 })).toEqual({ width: 480, height: 640 });
    expect(personSize(layout, { width: 360, height: 984 })).toEqual({ width: 360, height: 480 });
    expect(personSize(layout, { width: 241, height: 501 })).toEqual({ width: 241, height: 244 });
    expect(personAspect(layout)).toBeCloseTo(0.75, 9);
  });

  it("is never sampled nearer than half a texel to a seam, a whole one where it was rescaled", () => {
    const exact = sampleBounds(layout.colour, layout, { width: 480, height: 1312 });
    expect(exact.bottom * 1312).toBeCloseTo(639.5, 6);
    expect(exact.left * 480).toBeCloseTo(0.5, 6);
    const scaled = sampleBounds(layout.matte, layout, { width: 360, height: 984 });
    expect(scaled.top * 984).toBeCloseTo(layout.matte.y * 984 + 1, 6);
    expect(scaled.bottom * 984).toBeCloseTo(983, 6);
  });

  it("is measured in the middle of its patches", () => {
    expect(patchCore({ x: 0.2, y: 0.4, w: 0.4, h: 0.08 })).toEqual({ x: expect.closeTo(0.3), y: expect.closeTo(0.42), w: 0.2, h: 0.04 });
  });
});

describe("the share of the person", () => {
  it("is nothing near nothing and all near all, whatever the range was taken for", () => {
    for (const [black, white] of [[0, 1], [16 / 255, 235 / 255], [0.1, 0.8]] as const) {
      const at = (share: number): number => shareOf(black + share * (white - black), black, white);
      expect(at(0)).toBe(0);
      expect(at(0.05)).toBe(0);
      expect(at(0.5)).toBeCloseTo(0.5, 9);
      expect(at(0.95)).toBe(1);
    }
  });

  it("is nobody when the patches tell nothing", () => {
    expect(shareOf(0.9, 0, 0)).toBe(0);
    expect(shareOf(0.9, 0.5, 0.6)).toBe(0);
    expect(shareOf(0.9, 0.8, 0.1)).toBe(0);
  });

  it("becomes the alpha of the colour, and the colour is brought to the same range", () => {
    const colour = new Uint8ClampedArray([16, 126, 235, 255, 90, 90, 90, 255]);
    const matte = new Uint8ClampedArray([235, 235, 235, 255, 16, 16, 16, 255]);
    cutOut(colour, matte, 16 / 255, 235 / 255);
    expect([...colour]).toEqual([0, 128, 255, 255, 86, 86, 86, 0]);
  });
});
