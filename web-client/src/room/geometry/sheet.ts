/* Where the camera is, from the four corners of an A4 sheet that lies on the floor. The sheet's middle is
 * the world's origin and its plane the floor. */
import { project, type Lens, type Pixel, type Pose } from "./pinhole";
import { aboutX, aboutY, aboutZ, cross, length, product, sub, times, transpose, turn, unit, type Mat3, type Vec3 } from "./vector";

export const A4 = { short: 0.21, long: 0.297 } as const; /* ISO 216, metres */

export interface SheetPose extends Pose {
  /* Of the corners, root mean square, pixels. */
  readonly error: number;
}

/* Corners that are nearer than this to a line say nothing. */
const LEAST_AREA = 60;

function area(corners: readonly Pixel[]): number {
  return corners.reduce((sum, a, i) => {
    const b = corners[(i + 1) % corners.length] as Pixel;
    return sum + (a.x * b.y - b.x * a.y) / 2;
  }, 0);
}

/* Counter-clockwise as a person sees them, whatever order they were tapped in. */
function inOrder(corners: readonly Pixel[]): Pixel[] {
  const x = corners.reduce((sum, c) => sum + c.x, 0) / corners.length;
  const y = corners.reduce((sum, c) => sum + c.y, 0) / corners.length;
  return [...corners].sort((a, b) => Math.atan2(y - a.y, a.x - x) - Math.atan2(y - b.y, b.x - x));
}

function convex(corners: readonly Pixel[]): boolean {
  return corners.every((a, i) => {
    const b = corners[(i + 1) % 4] as Pixel;
    const c = corners[(i + 2) % 4] as Pixel;
    return (b.x - a.x) * (c.y - b.y) - (b.y - a.y) * (c.x - b.x) < 0;
  });
}

/* Solves a system of linear equations, by elimination with pivots; null when it has no single answer. */
export function solve(rows: readonly (readonly number[])[]): number[] | null {
  const m = rows.map((row) => [...row]);
  const n = m.length;
  for (let i = 0; i < n; i++) {
    let best = i;
    for (let j = i + 1; j < n; j++) {
      if (Math.abs(m[j]?.[i] ?? 0) > Math.abs(m[best]?.[i] ?? 0)) {
        best = j;
      }
    }
    [m[i], m[best]] = [m[best] as number[], m[i] as number[]];
    const pivot = m[i] as number[];
    if (Math.abs(pivot[i] ?? 0) < 1e-14) {
      return null;
    }
    for (let j = 0; j < n; j++) {
      const row = m[j] as number[];
      if (j !== i) {
        const k = (row[i] ?? 0) / (pivot[i] ?? 1);
        for (let c = i; c <= n; c++) {
          row[c] = (row[c] ?? 0) - k * (pivot[c] ?? 0);
        }
      }
    }
  }
  return m.map((row, i) => (row[n] ?? 0) / (row[i] ?? 1));
}

/* The homography from the sheet's plane to the picture, normalised to the camera's axes. */
function homography(on: readonly (readonly [number, number])[], corners: readonly Pixel[], { focal, width, height }: Lens): [Vec3, Vec3, Vec3] | null {
  const rows: number[][] = [];
  on.forEach(([a, b], i) => {
    const corner = corners[i] as Pixel;
    const u = (corner.x - width / 2) / focal;
    const v = (height / 2 - corner.y) / focal;
    rows.push([a, b, 1, 0, 0, 0, -u * a, -u * b, u], [0, 0, 0, a, b, 1, -v * a, -v * b, v]);
  });
  const h = solve(rows);
  if (h === null) {
    return null;
  }
  const [h0, h1, h2, h3, h4, h5, h6, h7] = h as [number, number, number, number, number, number, number, number];
  /* Depth is along -z. */
  return [[h0, h3, -h6], [h1, h4, -h7], [h2, h5, -1]];
}

/* How a sheet is turned in the camera's axes, and where its middle is. */
function decompose([a, b, c]: readonly [Vec3, Vec3, Vec3]): { turned: Mat3; at: Vec3 } {
  const scale = 2 / (length(a) + length(b));
  const [u, v] = [unit(a), unit(b)];
  /* The nearest pair at right angles. */
  const [sum, difference] = [unit([u[0] + v[0], u[1] + v[1], u[2] + v[2]]), unit(sub(u, v))];
  const half = Math.SQRT1_2;
  const x: Vec3 = [half * (sum[0] + difference[0]), half * (sum[1] + difference[1]), half * (sum[2] + difference[2])];
  const y: Vec3 = [half * (sum[0] - difference[0]), half * (sum[1] - difference[1]), half * (sum[2] - difference[2])];
  const z = cross(x, y);
  return { turned: [x[0], y[0], z[0], x[1], y[1], z[1], x[2], y[2], z[2]], at: times(c, scale) };
}

/* The sheet's axes x, y and its normal are the world's x, -z and y. */
const SHEET_TO_WORLD: Mat3 = [1, 0, 0, 0, 0, 1, 0, -1, 0];

function poseOf({ turned, at }: { turned: Mat3; at: Vec3 }): Pose {
  const rotation = product(SHEET_TO_WORLD, transpose(turned));
  return { rotation, position: times(turn(rotation, at), -1) };
}

const world = ([a, b]: readonly [number, number]): Vec3 => [a, 0, -b];

function misses(pose: Pose, lens: Lens, on: readonly (readonly [number, number])[], corners: readonly Pixel[]): number[] {
  return on.flatMap((point, i) => {
    const seen = project(pose, lens, world(point));
    const corner = corners[i] as Pixel;
    return seen === null ? [1e4, 1e4] : [seen.x - corner.x, seen.y - corner.y];
  });
}

const squares = (values: readonly number[]): number => values.reduce((sum, v) => sum + v * v, 0);

function moved(pose: Pose, step: readonly number[]): Pose {
  const [x = 0, y = 0, z = 0, a = 0, b = 0, c = 0] = step;
  return {
    position: [pose.position[0] + x, pose.position[1] + y, pose.position[2] + z],
    rotation: product(pose.rotation, aboutX(a), aboutY(b), aboutZ(c)),
  };
}

/* Brings the corners as near as they come (Gauss-Newton, differences for derivatives). */
function refine(start: Pose, lens: Lens, on: readonly (readonly [number, number])[], corners: readonly Pixel[]): Pose {
  const STEP = 1e-5;
  let pose = start;
  for (let round = 0; round < 12; round++) {
    const now = misses(pose, lens, on, corners);
    const slopes = Array.from({ length: 6 }, (_, i) => {
      const step = [0, 0, 0, 0, 0, 0];
      step[i] = STEP;
      return misses(moved(pose, step), lens, on, corners).map((miss, k) => (miss - (now[k] ?? 0)) / STEP);
    });
    const rows = slopes.map((slope, i) => [
      ...slopes.map((other, j) => slope.reduce((sum, v, k) => sum + v * (other[k] ?? 0), i === j ? 1e-9 : 0)),
      -slope.reduce((sum, v, k) => sum + v * (now[k] ?? 0), 0),
    ]);
    const step = solve(rows);
    const next = step === null ? pose : moved(pose, step);
    if (squares(misses(next, lens, on, corners)) >= squares(now)) {
      return pose;
    }
    pose = next;
  }
  return pose;
}

/* Corners in pixels of the picture that `lens` describes, in any order. Null: they are no sheet that lies
 * on a floor and is seen from above. */
export function poseFromSheet(tapped: readonly Pixel[], lens: Lens): SheetPose | null {
  const ring = inOrder(tapped);
  if (ring.length !== 4 || !convex(ring) || Math.abs(area(ring)) < LEAST_AREA) {
    return null;
  }
  const [w, h] = [A4.short, A4.long];
  const on = [[-w / 2, -h / 2], [w / 2, -h / 2], [w / 2, h / 2], [-w / 2, h / 2]] as const;
  let best: SheetPose | null = null;
  /* Nobody says which side is the long one. */
  for (const corners of [ring, [...ring.slice(1), ...ring.slice(0, 1)]]) {
    const found = homography(on, corners, lens);
    if (found === null) {
      continue;
    }
    const pose = refine(poseOf(decompose(found)), lens, on, corners);
    const error = Math.sqrt(squares(misses(pose, lens, on, corners)) / 4);
    if (pose.position[1] > 0 && (best === null || error < best.error)) {
      best = { ...pose, error };
    }
  }
  /* A finger is not exact, but a sheet whose corners miss by a tenth of it is another thing. */
  const most = 0.1 * Math.sqrt(Math.abs(area(ring))) + 2;
  return best !== null && best.error <= most ? best : null;
}

/* Turned so that the camera looks along -z with nothing but its height, pitch and roll left: the sheet tells
 * how the floor lies, not where north is. */
export function levelled(pose: Pose): Pose {
  const forward = turn(pose.rotation, [0, 0, -1]);
  const up = turn(pose.rotation, [0, 1, 0]);
  /* Looking straight down, the picture's upper edge is ahead. */
  const ahead: Vec3 = Math.hypot(forward[0], forward[2]) > 0.05 ? forward : up;
  const yaw = Math.atan2(-ahead[0], -ahead[2]);
  return { position: [0, pose.position[1], 0], rotation: product(aboutY(-yaw), pose.rotation) };
}
