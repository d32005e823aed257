/* The ways to put somebody into a room, the best first, and where it goes on when one does not work. */
export type Way = "ar" | "camera" | "stage" | "flat";

/* What this device can do, found by trying, not by its name. */
export interface Abilities {
  /* WebXR says that it has immersive-ar. */
  readonly ar: boolean;
  /* There is a camera to ask for (a secure page, no in-app browser without one). */
  readonly camera: boolean;
  /* A finger and sensors of orientation: a thing that is held up. */
  readonly handheld: boolean;
  readonly webgl: boolean;
}

/* Why the way before was left; a key of the words. */
export type Why = "" | "ar_failed" | "camera_denied" | "camera_missing" | "camera_failed" | "no_floor" | "no_webgl" | "chosen";

export interface Step {
  readonly way: Way;
  readonly why: Why;
}

export function firstStep(can: Abilities): Step {
  if (!can.webgl) {
    return { way: "flat", why: "no_webgl" };
  }
  if (can.ar) {
    return { way: "ar", why: "" };
  }
  return { way: can.handheld && can.camera ? "camera" : "stage", why: "" };
}

/* There is always one; the last ends it. */
export function nextStep(from: Way, why: Why, can: Abilities): Step {
  if (why === "no_webgl" || !can.webgl) {
    return { way: "flat", why };
  }
  switch (from) {
    case "ar":
      return { way: can.camera ? "camera" : "stage", why };
    case "camera":
      return { way: "stage", why };
    case "stage":
    case "flat":
      return { way: "flat", why };
  }
}
