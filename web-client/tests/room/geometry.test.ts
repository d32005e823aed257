import { describe, expect, it } from "vitest";
import { facing, figureOf, lecternFor, measure, TURN_MOST } from "../../src/room/geometry/figure";
import { followed, headIn } from "../../src/room/geometry/head";
import { casterAxis, lightFrom, lightFromPicture, shadowMatrix, shadowOf } from "../../src/room/geometry/light";
import { rotationOf } from "../../src/room/geometry/orientation";
import { floorPoint, focalOf, lensBehindScreen, project, rayThrough, type Lens, type Pose } from "../../src/room/geometry/pinhole";
import { dragged, movedTo, scaledBy, sideBySide } from "../../src/room/geometry/place";
import { aboutX, aboutY, DEGREE, product, turn, type Vec3 } from "../../src/room/geometry/vector";
import { windowFrustum } from "../../src/room/geometry/window";

const close = (a: readonly number[], b: readonly number[]): void => a.forEach((v, i) => expect(v).toBeCloseTo(b[i] ?? NaN, 6));

describe("the pinhole", () => {
  const lens: Lens = { focal: 800, width: 1000, height: 600 };

  it("shows 1.80 m at 3 m as 480 pixels, and 0.60 m as 160", () => {
    const pose: Pose = { position: [0, 1.5, 3], rotation: aboutX(0) };
    const height = (tall: number): number => (project(pose, lens, [0, 0, 0])?.y ?? 0) - (project(pose, lens, [0, tall, 0])?.y ?? 0);
    expect(height(1.8)).toBeCloseTo(480, 6);
    expect(height(0.6)).toBeCloseTo(160, 6);
    expect(project(pose, lens, [0, 0, 4])).toBeNull();
  });

  it("finds the floor under a finger, where the point was", () => {
    for (const [x, z] of [[0, 0], [1.2, -2], [-0.7, 1]] as const) {
      const pose: Pose = { position: [0.3, 1.4, 3], rotation: product(aboutY(0.2), aboutX(-0.4)) };
      const pixel = project(pose, lens, [x, 0, z]);
      close(floorPoint(rayThrough(pose, lens, pixel ?? { x: 0, y: 0 })) ?? [], [x, 0, z]);
    }
  });

  it("finds no floor in the sky and none beyond the room", () => {
    const pose: Pose = { position: [0, 1.4, 0], rotation: aboutX(0) };
    expect(floorPoint(rayThrough(pose, lens, { x: 500, y: 100 }))).toBeNull();
    expect(floorPoint(rayThrough(pose, lens, { x: 500, y: 310 }))).toBeNull();
  });

  it("keeps a camera's angle when the screen shows a part of its picture", () => {
    const lens = lensBehindScreen(0.8, { width: 720, height: 1280 }, { width: 390, height: 844 });
    expect(lens.focal).toBeCloseTo(0.8 * 844, 6);
    expect(lensBehindScreen(0.8, { width: 1280, height: 720 }, { width: 1440, height: 900 }).focal).toBeCloseTo(0.8 * 1600, 6);
    expect(focalOf(60 * DEGREE, 900)).toBeCloseTo(779.42, 2);
  });
});

describe("a phone's sensors", () => {
  const looks = (alpha: number, beta: number, gamma: number, screen = 0): Vec3 => turn(rotationOf(alpha, beta, gamma, screen), [0, 0, -1]);
  it("look down when it lies on its back, ahead when it stands, up when it lies on its face", () => {
    close(looks(0, 0, 0), [0, -1, 0]);
    close(looks(0, 90, 0), [0, 0, -1]);
    close(looks(0, 180, 0), [0, 1, 0]);
    close(looks(90, 90, 0), [-1, 0, 0]);
  });

  it("keep up up when the screen turns", () => {
    /* Held upright: up is up. On its left side, with the screen turned by 90°: still. */
    close(turn(rotationOf(0, 90, 0, 0), [0, 1, 0]), [0, 1, 0]);
    close(turn(rotationOf(0, 0, -90, 90), [0, 1, 0]), [0, 1, 0]);
  });
});

describe("a figure", () => {
  const marks = { height_mm: 1800, head: 0.1, feet: 0.95, full: true };

  it("is as tall as it was measured, its feet on the floor", () => {
    const figure = figureOf(0.75, marks);
    expect(figure.height).toBeCloseTo(1.8 / 0.85, 9);
    expect(figure.bottom + figure.height * (1 - marks.feet)).toBeCloseTo(0, 9);
    expect(figure.bottom + figure.height * (1 - marks.head)).toBeCloseTo(1.8, 9);
    expect(figure.width).toBeCloseTo(figure.height * 0.75, 9);
    expect(lecternFor(figure)).toBeNull();
  });

  it("whose feet are not in the picture stays where it is, behind a lectern as high as the cut", () => {
    const figure = figureOf(0.75, { height_mm: 1800, head: 0.1, feet: 2, full: false });
    expect(figure.bottom).toBeCloseTo(1.8 / 1.9, 9);
    const lectern = lecternFor(figure);
    expect(lectern?.height).toBeGreaterThan(figure.bottom + 0.16);
    expect(lectern?.height).toBeLessThan(1.3);
  });

  it("turns to who looks, but not farther than 35°", () => {
    expect(facing(0, 20 * DEGREE)).toBeCloseTo(20 * DEGREE, 9);
    expect(facing(0, 80 * DEGREE)).toBeCloseTo(TURN_MOST, 9);
    expect(facing(0, -170 * DEGREE)).toBeCloseTo(-TURN_MOST, 9);
    expect(facing(170 * DEGREE, -170 * DEGREE)).toBeCloseTo(190 * DEGREE, 9);
  });

  it("that nobody measured is a grown-up, whole or as far as the picture goes", () => {
    /* A head 0.2 wide, a neck, shoulders; 100 rows of an upright picture. */
    const widths = (height: number, to: number): number[] =>
      Array.from({ length: 100 }, (_, y) => {
        const at = (y / 100 - 0.05) / height;
        return at < 0 || y / 100 > to ? 0 : at < 0.13 ? 0.09 * height * 1.4 : at < 0.17 ? 0.05 * height * 1.4 : 0.25 * height * 1.4;
      });
    expect(measure(widths(0.9, 0.95), 0.75)).toMatchObject({ full: true, head: 0.05, feet: expect.closeTo(0.96, 1) });
    const half = measure(widths(2, 1), 0.75);
    expect(half?.full).toBe(false);
    expect(half?.feet).toBeGreaterThan(1.6);
    expect(half?.feet).toBeLessThan(2.6);
    expect(measure(new Array<number>(100).fill(0), 0.75)).toBeNull();
  });
});

describe("light", () => {
  it("throws the shadow to its other side, from the feet on", () => {
    const left = lightFrom([-1, 1, 0], 1);
    const right = lightFrom([1, 1, 0], 1);
    close(shadowOf([0.2, 0, 0.3], left), [0.2, 0, 0.3]);
    expect(shadowOf([0, 1.8, 0], left)[0]).toBeCloseTo(1.8, 6);
    expect(shadowOf([0, 1.8, 0], right)[0]).toBeCloseTo(-1.8, 6);
  });

  it("is the same as a matrix, a hair above the floor", () => {
    const light = lightFrom([-0.4, 1, 0.3], 1);
    const m = shadowMatrix(light, 0.002);
    const p: readonly number[] = [0.5, 1.2, -0.4, 1];
    const by = [0, 1, 2].map((row) => p.reduce((sum, v, i) => sum + v * (m[row * 4 + i] ?? 0), 0));
    const wanted = shadowOf([0.5, 1.2, -0.4], light);
    close(by, [wanted[0], 0.002, wanted[2]]);
  });

  it("is never so low that shadows cross the room, nor right above", () => {
    expect(lightFrom([1, 0, 0], 1).direction[1]).toBeCloseTo(0.5, 6);
    expect(lightFrom([0, 1, 0], 1).direction[1]).toBeLessThan(0.99);
  });

  it("finds a thrown figure as wide as it stands", () => {
    close(casterAxis([1, 0, 0], lightFrom([0, 1, 1], 1)), [1, 0, 0]);
    close(casterAxis([1, 0, 0], lightFrom([0, 1, -1], 1)), [1, 0, 0]);
    const side = casterAxis([1, 0, 0], lightFrom([1, 1, 0], 1));
    expect(Math.hypot(...side)).toBeCloseTo(1, 9);
    expect(Math.abs(side[2])).toBeCloseTo(1, 6);
  });

  it("of a picture is where the picture is bright", () => {
    const picture = (left: number, right: number): number[] => Array.from({ length: 8 * 4 * 4 }, (_, i) => ((i >> 2) % 8 < 4 ? left : right));
    expect(lightFromPicture(picture(220, 90), 8, 4).direction[0]).toBeLessThan(-0.3);
    expect(lightFromPicture(picture(90, 220), 8, 4).direction[0]).toBeGreaterThan(0.3);
    expect(lightFromPicture(picture(30, 30), 8, 4).level).toBeLessThan(lightFromPicture(picture(200, 200), 8, 4).level);
  });
});

describe("a place", () => {
  const place = sideBySide([0, 0, -2], [0, 1.5, 0], 1, false);

  it("has person and product side by side, as seen from the viewer, looking to them", () => {
    expect(place.facing).toBeCloseTo(0, 9);
    expect(place.person[0]).toBeLessThan(0);
    expect(place.product[0]).toBeGreaterThan(0);
    expect(place.product[0] - place.person[0]).toBeCloseTo(1, 9);
    const aside = sideBySide([2, 0, 0], [0, 1.5, 0], 1, false);
    expect(aside.facing).toBeCloseTo(-Math.PI / 2, 9);
  });

  it("moves, is dragged and scaled, and near true size it is true", () => {
    expect(movedTo(place, [1, 0, 1]).person[1]).toBe(0);
    expect((movedTo(place, [1, 0, 1]).person[0] + movedTo(place, [1, 0, 1]).product[0]) / 2).toBeCloseTo(1, 9);
    expect(dragged(place, "product", [0.5, 9, 0]).product[0]).toBeCloseTo(place.product[0] + 0.5, 9);
    expect(dragged(place, "product", [0.5, 9, 0]).person).toEqual(place.person);
    expect(scaledBy(place, 1.02).scale).toBe(1);
    expect(scaledBy(place, 1000).scale).toBe(3);
    expect(scaledBy(place, 0.5).scale).toBe(0.5);
  });
});

describe("a screen as a window", () => {
  it("keeps what stands in its plane where it is, when the head moves", () => {
    const near = 0.05;
    const at = (dx: number, dy: number, z: number, x: number, y: number): { x: number; y: number } => {
      const f = windowFrustum(40 * DEGREE, 1.6, near, 3, dx, dy);
      const sx = ((x - dx) * near) / (3 - z);
      const sy = ((y - dy) * near) / (3 - z);
      return { x: (sx - f.left) / (f.right - f.left), y: (sy - f.bottom) / (f.top - f.bottom) };
    };
    close(Object.values(at(0.2, 0.1, 0, 0.5, 0.3)), Object.values(at(0, 0, 0, 0.5, 0.3)));
    /* What is behind goes with the head, what is before against it. */
    expect(at(0.2, 0, -1, 0.5, 0.3).x).toBeGreaterThan(at(0, 0, -1, 0.5, 0.3).x);
    expect(at(0.2, 0, 1, 0.5, 0.3).x).toBeLessThan(at(0, 0, 1, 0.5, 0.3).x);
  });
});

describe("a head before the screen", () => {
  const picture = (faceX: number, faceY: number): number[] => {
    const rgba = new Array<number>(64 * 48 * 4).fill(60);
    for (let y = 0; y < 48; y++) {
      for (let x = 0; x < 64; x++) {
        if (Math.hypot(x - faceX, y - faceY) < 7) {
          rgba.splice((y * 64 + x) * 4, 3, 205, 150, 125);
        }
      }
    }
    return rgba;
  };

  it("is where the face is, as its owner sees it", () => {
    const left = headIn(picture(16, 24), 64, 48); /* the camera's left is one's own right */
    expect(left?.x).toBeCloseTo(0.5, 1);
    expect(Math.abs(left?.y ?? 1)).toBeLessThan(0.1);
    expect(headIn(picture(32, 10), 64, 48)?.y).toBeGreaterThan(0.4);
  });

  it("goes back to the middle when there is none", () => {
    expect(headIn(new Array<number>(64 * 48 * 4).fill(60), 64, 48)).toBeNull();
    const back = followed({ x: 0.8, y: 0.2 }, null, 0.4);
    expect(back.x).toBeLessThan(0.8);
    expect(back.x).toBeGreaterThan(0.6);
  });
});
