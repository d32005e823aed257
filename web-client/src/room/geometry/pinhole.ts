/* The camera without lens errors: what is where in the picture, and what lies under a finger. */
import { add, dot, sub, times, transpose, turn, unit, type Mat3, type Vec3 } from "./vector";

export interface Pose {
  readonly position: Vec3;
  /* From the camera's axes to the world's. */
  readonly rotation: Mat3;
}

/* `focal` and sides in pixels; the axis goes through the middle. */
export interface Lens {
  readonly focal: number;
  readonly width: number;
  readonly height: number;
}

export interface Pixel {
  readonly x: number;
  readonly y: number;
}

export interface Ray {
  readonly origin: Vec3;
  readonly direction: Vec3;
}

export const focalOf = (fovY: number, height: number): number => height / 2 / Math.tan(fovY / 2);
export const fovYOf = ({ focal, height }: Lens): number => 2 * Math.atan(height / 2 / focal);

/* Null: behind the camera. */
export function project({ position, rotation }: Pose, { focal, width, height }: Lens, point: Vec3): Pixel | null {
  const [x, y, z] = turn(transpose(rotation), sub(point, position));
  return z >= 0 ? null : { x: width / 2 - (focal * x) / z, y: height / 2 + (focal * y) / z };
}

export function rayThrough({ position, rotation }: Pose, { focal, width, height }: Lens, { x, y }: Pixel): Ray {
  return { origin: position, direction: unit(turn(rotation, [(x - width / 2) / focal, (height / 2 - y) / focal, -1])) };
}

/* Farther away a floor is not meant, or a tremor of the hand throws people about. */
const FARTHEST = 12;

/* Where a ray meets the floor; null for the sky, and for what is too far to stand on. */
export function floorPoint({ origin, direction }: Ray): Vec3 | null {
  if (direction[1] >= -1e-6 || origin[1] <= 0) {
    return null;
  }
  const far = -origin[1] / direction[1];
  const flat = Math.hypot(direction[0], direction[2]) * far;
  if (flat > FARTHEST) {
    return null;
  }
  const [x, , z] = add(origin, times(direction, far));
  return [x, 0, z];
}

/* The part of a picture that a screen shows of it when it fills the screen (object-fit: cover): what a
 * camera's focal length becomes in pixels of that screen. */
export function lensBehindScreen(focalOfWidth: number, picture: { width: number; height: number }, screen: { width: number; height: number }): Lens {
  const scale = Math.max(screen.width / picture.width, screen.height / picture.height);
  return { focal: focalOfWidth * Math.max(picture.width, picture.height) * scale, ...screen };
}

export const forwardOf = ({ rotation }: Pose): Vec3 => turn(rotation, [0, 0, -1]);

/* How far a point lies before the camera's plane. */
export const depthOf = (pose: Pose, point: Vec3): number => dot(sub(point, pose.position), forwardOf(pose));
