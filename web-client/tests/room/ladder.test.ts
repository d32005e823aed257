import { describe, expect, it } from "vitest";
import { firstStep, nextStep, type Abilities, type Way } from "../../src/room/ladder";

const all: Abilities = { ar: true, camera: true, handheld: true, webgl: true };

describe("the ladder", () => {
  it("begins with the best that a device has", () => {
    expect(firstStep(all)).toEqual({ way: "ar", why: "" });
    expect(firstStep({ ...all, ar: false }).way).toBe("camera");
    expect(firstStep({ ...all, ar: false, handheld: false }).way).toBe("stage");
    expect(firstStep({ ...all, ar: false, camera: false }).way).toBe("stage");
    expect(firstStep({ ...all, webgl: false })).toEqual({ way: "flat", why: "no_webgl" });
  });

  it("goes on to something from everywhere, and says why", () => {
    expect(nextStep("ar", "ar_failed", all)).toEqual({ way: "camera", why: "ar_failed" });
    expect(nextStep("ar", "no_floor", { ...all, camera: false }).way).toBe("stage");
    expect(nextStep("camera", "camera_denied", all)).toEqual({ way: "stage", why: "camera_denied" });
    for (const way of ["ar", "camera", "stage", "flat"] as Way[]) {
      expect(nextStep(way, "no_webgl", all).way).toBe("flat");
    }
  });
});
