/* The room that is drawn, for who has none to show: a camera that sees everybody whole, and moves with the
 * viewer's head. */
import { focalOf, type Lens, type Pose } from "../geometry/pinhole";
import { aboutX, clamp, DEGREE, type Vec3 } from "../geometry/vector";
import { NEAR, windowFrustum, type Frustum } from "../geometry/window";

const FOV = 36 * DEGREE;
const EYES = 1.42;
/* How far the eye goes when the head goes from one side of the screen to the other, metres. */
const SWAY = 0.55;

export interface Seen {
  readonly pose: Pose;
  readonly lens: Lens;
  readonly frustum: Frustum | null;
}

/* `wide`, `tall`: what must be seen, metres; `head`: -1…1 from the middle, right and up; `floor`: share of the
 * screen's height that the controls take below. */
export function stageSight(screen: { width: number; height: number }, wide: number, tall: number, head: { x: number; y: number }, floor: number): Seen {
  const aspect = screen.width / screen.height;
  const free = 1 - floor - 0.12;
  const distance = clamp(Math.max(tall / free, (wide / aspect) * 1.06) / 2 / Math.tan(FOV / 2), 2, 14);
  const [dx, dy] = [head.x * SWAY, head.y * SWAY * 0.5];
  /* A level camera keeps uprights upright; the picture is shifted instead. */
  const middle = tall / 2 - ((floor - 0.12) / 2) * 2 * distance * Math.tan(FOV / 2);
  const position: Vec3 = [dx, EYES + dy, distance];
  const frustum = windowFrustum(FOV, aspect, NEAR, distance, dx, EYES + dy - middle);
  return { pose: { position, rotation: aboutX(0) }, lens: { focal: focalOf(FOV, screen.height), ...screen }, frustum };
}
