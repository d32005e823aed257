/* Fingers and the mouse on the room: a tap, a drag, two fingers that pinch and twist, a wheel. */
import { wrap } from "./geometry/vector";
import type { Pixel } from "./geometry/pinhole";

export interface Gestures {
  readonly tap: (at: Pixel) => void;
  /* What a drag that begins here does; null: nothing is there to be dragged. */
  readonly grab: (at: Pixel) => ((to: Pixel) => void) | null;
  /* Factor and radians since the last call. */
  readonly pinch: (factor: number) => void;
  readonly twist: (angle: number) => void;
}

const TAP_MOST = 8; /* pixels */
const TAP_LONGEST = 600;

export function watchGestures(view: HTMLElement, signal: AbortSignal, gestures: Gestures): void {
  const fingers = new Map<number, Pixel>();
  let drag: ((to: Pixel) => void) | null = null;
  let began: { at: Pixel; when: number } | null = null;
  let pair: { apart: number; angle: number } | null = null;

  const at = (event: PointerEvent): Pixel => {
    const { left, top } = view.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  const measured = (): { apart: number; angle: number } | null => {
    const [a, b] = [...fingers.values()];
    return a === undefined || b === undefined ? null : { apart: Math.hypot(b.x - a.x, b.y - a.y), angle: Math.atan2(b.y - a.y, b.x - a.x) };
  };

  view.addEventListener(
    "pointerdown",
    (event) => {
      view.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, at(event));
      if (fingers.size === 1) {
        began = { at: at(event), when: event.timeStamp };
        drag = gestures.grab(at(event));
      } else {
        drag = null;
        began = null;
        pair = measured();
      }
    },
    { signal },
  );
  view.addEventListener(
    "pointermove",
    (event) => {
      if (!fingers.has(event.pointerId)) {
        return;
      }
      fingers.set(event.pointerId, at(event));
      const now = fingers.size === 2 ? measured() : null;
      if (now !== null && pair !== null) {
        if (pair.apart > 10) {
          gestures.pinch(now.apart / pair.apart);
        }
        gestures.twist(wrap(now.angle - pair.angle));
        pair = now;
      } else if (drag !== null && began !== null && Math.hypot(at(event).x - began.at.x, at(event).y - began.at.y) > TAP_MOST) {
        began = { ...began, when: -Infinity };
        drag(at(event));
      } else if (began?.when === -Infinity) {
        drag?.(at(event));
      }
    },
    { signal },
  );
  const end = (event: PointerEvent): void => {
    const tapped =
      event.type === "pointerup" && began !== null && event.timeStamp - began.when < TAP_LONGEST &&
      Math.hypot(at(event).x - began.at.x, at(event).y - began.at.y) <= TAP_MOST;
    fingers.delete(event.pointerId);
    if (tapped) {
      gestures.tap(at(event));
    }
    drag = null;
    began = null;
    pair = null;
  };
  view.addEventListener("pointerup", end, { signal });
  view.addEventListener("pointercancel", end, { signal });
  view.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      if (event.shiftKey) {
        gestures.twist((event.deltaY + event.deltaX) / 400);
      } else {
        gestures.pinch(Math.exp(-event.deltaY / 900));
      }
    },
    { signal, passive: false },
  );
}
