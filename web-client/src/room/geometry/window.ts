/* A screen as a window: where the frustum lies when the viewer's head moves. */
/* Of all cameras, metres. */
export const NEAR = 0.05;
export const FAR = 40;

export interface Frustum {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/* At distance `near`, for a camera that has moved by (dx, dy) beside its axis and keeps the plane at
 * `distance` where it is on the screen. */
export function windowFrustum(fovY: number, aspect: number, near: number, distance: number, dx: number, dy: number): Frustum {
  const top = near * Math.tan(fovY / 2);
  const right = top * aspect;
  const x = (-dx * near) / distance;
  const y = (-dy * near) / distance;
  return { left: x - right, right: x + right, top: y + top, bottom: y - top };
}
