/* Where person and product stand, and what hands do to that. */
import { clamp, wrap, type Vec3 } from "./vector";

export interface Place {
  /* On the floor, metres. */
  readonly person: Vec3;
  readonly product: Vec3;
  /* Which way the person faces at home, and how the product is turned; radians. */
  readonly facing: number;
  readonly turned: number;
  /* 1 is true size. */
  readonly scale: number;
  /* A person chose it. */
  readonly chosen: boolean;
}

export const SCALE = { min: 0.1, max: 3 } as const;

/* Side by side around a place on the floor, looking to `viewer`; the product to the viewer's right, and nearer, so that
 * nobody hides it. `apart`: metres between their middles. */
export function sideBySide(at: Vec3, viewer: Vec3, apart: number, chosen: boolean): Place {
  const facing = Math.atan2(viewer[0] - at[0], viewer[2] - at[2]);
  const [rx, rz] = [Math.cos(facing), -Math.sin(facing)]; /* the viewer's right */
  const [fx, fz] = [Math.sin(facing), Math.cos(facing)]; /* towards the viewer */
  const left = apart * 0.45;
  const right = apart * 0.55;
  return {
    person: [at[0] - rx * left, 0, at[2] - rz * left],
    product: [at[0] + rx * right + fx * 0.15, 0, at[2] + rz * right + fz * 0.15],
    facing,
    turned: facing,
    scale: 1,
    chosen,
  };
}

/* Both, so that the middle between them is there. */
export function movedTo(place: Place, at: Vec3): Place {
  const [dx, dz] = [at[0] - (place.person[0] + place.product[0]) / 2, at[2] - (place.person[2] + place.product[2]) / 2];
  return { ...place, person: shift(place.person, dx, dz), product: shift(place.product, dx, dz), chosen: true };
}

function shift([x, , z]: Vec3, dx: number, dz: number): Vec3 {
  return [x + dx, 0, z + dz];
}

export function dragged(place: Place, what: "person" | "product", by: Vec3): Place {
  return { ...place, [what]: shift(place[what], by[0], by[2]), chosen: true };
}

export function turnedBy(place: Place, angle: number): Place {
  return { ...place, turned: wrap(place.turned + angle), chosen: true };
}

export function scaledBy(place: Place, factor: number): Place {
  const scale = clamp(place.scale * factor, SCALE.min, SCALE.max);
  /* Near true size it is true size: nobody wants 98 %. */
  return { ...place, scale: Math.abs(scale - 1) < 0.03 ? 1 : scale, chosen: true };
}
