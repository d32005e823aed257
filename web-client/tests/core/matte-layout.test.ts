import { describe, expect, test } from "vitest";
import { fitPerson, guardRows, layoutFor, matteLayout, mattePerson } from "../../src/core/matte-layout";
import { read } from "../../src/core/shape";

/* What the pipelines write for a keyed film of this person (nine digits). */
const film = {
  width: 480, height: 1312,
  colour: { x: 0, y: 0, w: 1, h: 0.487804878 },
  matte: { x: 0, y: 0.512195122, w: 1, h: 0.487804878 },
  guard: { x: 0, y: 0.487804878, w: 1, h: 0.0243902439 },
  patches: { black: { x: 0.125, y: 0.493902439, w: 0.25, h: 0.012195122 }, white: { x: 0.625, y: 0.493902439, w: 0.25, h: 0.012195122 } },
};

describe("a layout", () => {
  test("that is made is that of the pipelines", () => {
    const made = layoutFor(480, 640);
    expect(made.height).toBe(1312);
    for (const part of ["colour", "matte", "guard"] as const) {
      for (const side of ["x", "y", "w", "h"] as const) {
        expect(made[part][side]).toBeCloseTo(film[part][side], 8);
      }
    }
    for (const patch of ["black", "white"] as const) {
      for (const side of ["x", "y", "w", "h"] as const) {
        expect(made.patches[patch][side]).toBeCloseTo(film.patches[patch][side], 8);
      }
    }
  });

  test.each([[64, 64], [360, 640], [640, 360], [544, 768], [482, 642], [100, 2048]])("for %i×%i is one that is read", (w, h) => {
    expect(read(matteLayout, JSON.parse(JSON.stringify(layoutFor(w, h))))).toEqual(layoutFor(w, h));
  });

  test("with digits cut off is read", () => {
    expect(read(matteLayout, film)).toEqual(film);
  });

  test.each([
    null, 7, [], {}, { ...film, width: 0 }, { ...film, height: 1.5 }, { ...film, width: 40000 }, { ...film, colour: undefined },
    { ...film, colour: { x: 0, y: 0, w: 1.2, h: 0.4 } }, { ...film, colour: { x: 0.5, y: 0, w: 0.6, h: 0.4 } },
    { ...film, colour: { x: 0, y: 0, w: 0, h: 0.4 } }, { ...film, colour: { x: Number.NaN, y: 0, w: 1, h: 0.4 } },
    { ...film, matte: film.colour }, { ...film, guard: film.matte },
    { ...film, patches: { black: film.patches.black } }, { ...film, patches: { black: film.patches.black, white: film.patches.black } },
    { ...film, patches: { ...film.patches, white: { x: 0.625, y: 0.2, w: 0.25, h: 0.01 } } },
  ])("that cannot be is refused (%#)", (value) => {
    expect(() => read(matteLayout, value)).toThrow();
  });
});

describe("a person", () => {
  test("whole, or with feet beyond the picture, is read", () => {
    for (const p of [{ height_mm: 1780, head: 0.05, feet: 0.97, full: true }, { height_mm: 1640, head: 0, feet: 3.2, full: false }]) {
      expect(read(mattePerson, p)).toEqual(p);
    }
  });

  test.each([
    null, {}, { height_mm: 100, head: 0, feet: 1, full: true }, { height_mm: 1780.5, head: 0, feet: 1, full: true },
    { height_mm: 1780, head: 0.9, feet: 0.2, full: true }, { height_mm: 1780, head: 0, feet: 1.5, full: true },
    { height_mm: 1780, head: -1, feet: 1, full: true }, { height_mm: 1780, head: 0, feet: 99, full: false },
    { height_mm: 1780, head: 0, feet: 1 },
  ])("that cannot be is refused (%#)", (value) => {
    expect(() => read(mattePerson, value)).toThrow();
  });
});

test("guard bands are whole blocks", () => {
  expect([64, 360, 480, 640, 720, 960].map(guardRows)).toEqual([16, 16, 32, 32, 32, 48]);
});

test("a picture is made smaller until its stack fits level 3.1, never larger", () => {
  expect(fitPerson(640, 360)).toEqual({ width: 640, height: 360 });
  for (const [w, h] of [[1280, 720], [720, 1280], [1920, 1080], [641, 481]] as const) {
    const fit = fitPerson(w, h);
    const stacked = layoutFor(fit.width, fit.height);
    expect(Math.ceil(stacked.width / 16) * Math.ceil(stacked.height / 16)).toBeLessThanOrEqual(3600);
    expect(fit.width % 2 + fit.height % 2).toBe(0);
    expect(fit.width / fit.height).toBeCloseTo(w / h, 1);
  }
});
