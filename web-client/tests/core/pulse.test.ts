import { describe, expect, test } from "vitest";
import { Pulse } from "../../src/core/pulse";

/* Looks every 400 ms; `growing` says whether something was heard since the last. The time of the first look
 * that found it too silent, counted from the last growth. */
function silentAfter(growing: (look: number) => boolean): number | null {
  const pulse = new Pulse();
  let heard = 0;
  let since = 0;
  for (let look = 0; look < 60; look++) {
    const at = look * 400;
    if (growing(look)) {
      heard += 20;
      since = at;
    }
    if (pulse.take(heard, at)) {
      return at - since;
    }
  }
  return null;
}

describe("the pulse", () => {
  test("of a steady stream is missed within two seconds", () => {
    expect(silentAfter((look) => look < 20)).toBe(1200);
  });

  test("of a still connection may skip what lies between two checks", () => {
    expect(silentAfter((look) => look % 6 === 0)).toBeNull();
    expect(silentAfter((look) => look % 12 === 0)).toBeNull();
    expect(silentAfter((look) => look % 6 === 0 && look < 20)).toBe(7200);
  });

  test("stumbles without alarm", () => {
    expect(silentAfter((look) => look % 10 < 8)).toBeNull();
  });

  test("is silent at once after a sleep", () => {
    const pulse = new Pulse();
    pulse.take(1, 0);
    expect(pulse.take(1, 60_000)).toBe(true);
  });
});
