/* The door to one's own room: what this device can do, asked in the tap that wants it; the room itself is
 * fetched then. */
import type { InMyRoom, InMyRoomOptions } from "./in-my-room";
import { canCapture } from "./media/devices";
import type { Abilities } from "./room/ladder";

type Asking = typeof DeviceOrientationEvent & { requestPermission?: () => Promise<string> };

function hasWebGl(): boolean {
  return typeof WebGL2RenderingContext === "function" && document.createElement("canvas").getContext("webgl2") !== null;
}

/* A thing that is held up: touched by fingers, and with sensors. */
function isHandheld(): boolean {
  return matchMedia("(pointer: coarse)").matches && "DeviceOrientationEvent" in globalThis;
}

async function hasAr(): Promise<boolean> {
  try {
    return (await navigator.xr?.isSessionSupported("immersive-ar")) === true;
  } catch {
    return false;
  }
}

let found: Promise<Abilities> | null = null;

/* Asked once, as soon as there is somebody to be put into a room: some answers take their time. */
export function myAbilities(): Promise<Abilities> {
  found ??= hasAr().then((ar) => ({ ar, camera: canCapture(), handheld: isHandheld(), webgl: hasWebGl() }));
  return found;
}

/* A hand is near the button: the room is fetched while it presses. */
export function fetchMyRoom(): void {
  void import("./in-my-room").then(
    () => import("./room/scene"),
    () => undefined,
  ).catch(() => undefined);
}

/* To be called in the tap: iPhones let sensors be asked for then only. */
export async function openMyRoom(options: Omit<InMyRoomOptions, "abilities">): Promise<InMyRoom | null> {
  const sensors = isHandheld() ? (DeviceOrientationEvent as Asking).requestPermission?.().catch(() => "denied") : undefined;
  const [room, abilities] = await Promise.all([import("./in-my-room"), myAbilities(), sensors]);
  if (options.signal.aborted) {
    return null;
  }
  const host = document.body.appendChild(document.createElement("div"));
  return new room.InMyRoom(host, { ...options, abilities });
}
