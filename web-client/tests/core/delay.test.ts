import { describe, expect, test } from "vitest";
import { Calm, viewDelay, wholeDelay, type PlayoutCounters } from "../../src/core/delay";

const at = (waited: number, emitted: number, decoding = 0, decoded = 0): PlayoutCounters => ({ waited, emitted, decoding, decoded });

describe("the delay of the view", () => {
  test("is half the round trip, the mean wait in the buffer and in the decoder since the last look", () => {
    /* 60 frames waited 6 s together: 100 ms each; decoding 5 ms each; 40 ms round trip. */
    expect(viewDelay(at(10, 100, 1, 100), at(16, 160, 1.3, 160), { rtt: 0.04 })).toBe(125);
  });

  test("is not told without a round trip, or when nothing was shown", () => {
    expect(viewDelay(at(1, 10), at(2, 20), { rtt: null })).toBeNull();
    expect(viewDelay(at(1, 10), at(1, 10), { rtt: 0.01 })).toBeNull();
    expect(viewDelay(at(9, 90), at(1, 10), { rtt: 0.01 })).toBeNull();
  });
});

describe("the whole delay", () => {
  test("adds what the source's process measured", () => {
    expect(wholeDelay(120, 180, true)).toEqual({ ms: 300, source: 180, view: 120, atLeast: false });
  });

  test("says “at least” where a part is not measured", () => {
    expect(wholeDelay(120, null, true)).toMatchObject({ ms: 120, atLeast: true });
    expect(wholeDelay(120, null, false)).toMatchObject({ ms: 120, atLeast: true });
    expect(wholeDelay(null, 180, true)).toBeNull();
  });
});

test("a number that people read does not jump at one odd measure", () => {
  const calm = new Calm(3);
  expect([100, 900, 104, 98, 101].map((ms) => calm.take(ms))).toEqual([100, 900, 104, 104, 101]);
});
