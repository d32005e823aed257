import { describe, expect, it } from "vitest";
import { project, type Lens, type Pixel, type Pose } from "../../src/room/geometry/pinhole";
import { A4, levelled, poseFromSheet } from "../../src/room/geometry/sheet";
import { aboutX, aboutY, aboutZ, angleBetween, DEGREE, product, type Vec3 } from "../../src/room/geometry/vector";

const lens: Lens = { focal: 675, width: 390, height: 844 };

/* A phone at `height` metres that looks at the floor `pitch` below the horizon, and a sheet in its picture. */
const poses: Record<string, Pose> = Object.fromEntries(
  ([[1.4, 50, 0, 0], [1.2, 65, 5, 30], [1.6, 55, -4, -20], [1.0, 40, 3, 75], [1.5, 80, 0, 140]] as const).map(([height, pitch, roll, yaw]) => {
    const rotation = product(aboutY(yaw * DEGREE), aboutX(-pitch * DEGREE), aboutZ(roll * DEGREE));
    const away = height / Math.tan(pitch * DEGREE);
    return [`${height} m, ${pitch}° down, rolled ${roll}°`, { rotation, position: [away * Math.sin(yaw * DEGREE), height, away * Math.cos(yaw * DEGREE)] as Vec3 }];
  }),
);

function cornersIn(pose: Pose, miss: (i: number) => Pixel = () => ({ x: 0, y: 0 })): Pixel[] {
  return ([[-1, -1], [1, 1], [1, -1], [-1, 1]] as const).map(([a, b], i) => {
    const p = project(pose, lens, [(a * A4.short) / 2, 0, (b * A4.long) / 2]);
    return { x: (p?.x ?? 0) + miss(i).x, y: (p?.y ?? 0) + miss(i).y };
  });
}

/* A sheet looks the same from its other end. */
const turnAway = (found: Pose, wanted: Pose): number =>
  Math.min(...[0, 180].map((half) => angleBetween(product(aboutY(half * DEGREE), found.rotation), wanted.rotation))) / DEGREE;

describe("an A4 sheet on the floor", () => {
  for (const [name, pose] of Object.entries(poses)) {
    it(`tells exactly where the camera is: ${name}`, () => {
      const found = poseFromSheet(cornersIn(pose), lens);
      expect(found?.position[1]).toBeCloseTo(pose.position[1], 4);
      expect(turnAway(found as Pose, pose)).toBeLessThan(0.02);
      expect(found?.error).toBeLessThan(0.01);
    });

    it(`tells it within 3 % and 2° though fingers miss: ${name}`, () => {
      const found = poseFromSheet(cornersIn(pose, (i) => ({ x: [0.4, -0.3, 0.2, -0.4][i] ?? 0, y: [-0.3, 0.4, 0.3, -0.2][i] ?? 0 })), lens);
      expect(Math.abs((found?.position[1] ?? 0) / pose.position[1] - 1)).toBeLessThan(0.03);
      expect(turnAway(found as Pose, pose)).toBeLessThan(2);
    });
  }

  it("gives height, pitch and roll, whichever way it lies", () => {
    const pose = levelled(poseFromSheet(cornersIn(poses["1.2 m, 65° down, rolled 5°"] as Pose), lens) as Pose);
    expect(pose.position[0]).toBe(0);
    expect(pose.position[1]).toBeCloseTo(1.2, 4);
    expect(angleBetween(pose.rotation, product(aboutX(-65 * DEGREE), aboutZ(5 * DEGREE))) / DEGREE).toBeLessThan(0.05);
  });

  it("is not seen in what is no sheet", () => {
    const at = (...xy: number[]): Pixel[] => [0, 2, 4, 6].map((i) => ({ x: xy[i] ?? 0, y: xy[i + 1] ?? 0 }));
    expect(poseFromSheet(at(100, 100, 100, 101, 101, 100, 101, 101), lens)).toBeNull();
    expect(poseFromSheet(at(0, 0, 100, 100, 200, 200, 300, 300), lens)).toBeNull();
    expect(poseFromSheet(at(0, 0, 300, 0, 300, 300, 140, 40), lens)).toBeNull();
    expect(poseFromSheet(at(100, 100, 380, 100, 380, 120, 100, 120), lens)).toBeNull();
  });
});
