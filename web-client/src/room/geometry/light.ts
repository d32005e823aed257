/* Where the light of a room comes from, and the shadows that it throws on the floor. */
import { clamp, DEGREE, unit, type Vec3 } from "./vector";

export interface Light {
  /* Towards the light; a unit vector that points up. */
  readonly direction: Vec3;
  /* How bright the room is, 1 as in a lit one. */
  readonly level: number;
}

/* Lower lights would throw shadows across the whole room, right above ones none. */
const LOWEST = 30 * DEGREE;
const HIGHEST = 78 * DEGREE;

export function lightFrom(direction: Vec3, level: number): Light {
  const flat = Math.hypot(direction[0], direction[2]);
  const height = clamp(Math.atan2(direction[1], flat), LOWEST, HIGHEST);
  const azimuth = flat < 1e-6 ? -Math.PI / 2 : Math.atan2(direction[2], direction[0]);
  return {
    direction: [Math.cos(height) * Math.cos(azimuth), Math.sin(height), Math.cos(height) * Math.sin(azimuth)],
    level: clamp(level, 0.45, 1.2),
  };
}

/* Of a room nobody has looked at: from above, from the left behind the viewer. */
export const ROOM_LIGHT: Light = lightFrom([-0.6, 1.1, 0.5], 1);

/* What floor lies behind a point for the light: its shadow. */
export function shadowOf([x, y, z]: Vec3, { direction: [lx, ly, lz] }: Light): Vec3 {
  return [x - (y * lx) / ly, 0, z - (y * lz) / ly];
}

/* The same as a row-major 4×4 matrix, a hair above the floor. */
export function shadowMatrix({ direction: [lx, ly, lz] }: Light, above = 0.002): number[] {
  return [1, -lx / ly, 0, 0, 0, 0, 0, above, 0, -lz / ly, 1, 0, 0, 0, 0, 1];
}

/* Across which axis a flat figure throws its shadow: a body is as thick as it is wide, so its shadow
 * is that of the figure turned towards the light, nearest to how it stands. */
export function casterAxis(right: Vec3, { direction: [lx, , lz] }: Light): Vec3 {
  const flat = Math.hypot(lx, lz);
  if (flat < 1e-3) {
    return right;
  }
  const axis: Vec3 = [lz / flat, 0, -lx / flat];
  return axis[0] * right[0] + axis[2] * right[2] < 0 ? [-axis[0], 0, -axis[2]] : axis;
}

/* What a small picture of the room tells: its brighter side is where the light comes from. `rgba` of `width` ×
 * `height` pixels; the picture's right is the viewer's right. */
export function lightFromPicture(rgba: ArrayLike<number>, width: number, height: number): Light {
  let [sum, left, right] = [0, 0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = (y * width + x) * 4;
      const luma = (0.299 * (rgba[i] ?? 0) + 0.587 * (rgba[i + 1] ?? 0) + 0.114 * (rgba[i + 2] ?? 0)) / 255;
      sum += luma;
      if (x < width / 2) {
        left += luma;
      } else {
        right += luma;
      }
    }
  }
  const mean = sum / Math.max(1, width * height);
  const side = sum < 1e-3 ? 0 : clamp(((right - left) / sum) * 4, -1, 1);
  return lightFrom([side * 0.9 || -0.2, 1, 0.45], 0.55 + 0.9 * mean);
}

/* From WebXR's estimate (WebXR Lighting Estimation, XRLightEstimate). */
export function lightFromEstimate(towards: Vec3, intensity: Vec3): Light {
  const bright = Math.max(intensity[0], intensity[1], intensity[2]);
  return towards[1] <= 0.02 && Math.hypot(...towards) < 1e-6 ? ROOM_LIGHT : lightFrom(unit(towards), 0.6 + 0.25 * bright);
}

/* A step towards another light, so that shadows glide. */
export function blend(from: Light, to: Light, share: number): Light {
  const at = (i: 0 | 1 | 2): number => from.direction[i] + (to.direction[i] - from.direction[i]) * share;
  return lightFrom([at(0), at(1), at(2)], from.level + (to.level - from.level) * share);
}
