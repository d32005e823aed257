import { describe, expect, test } from "vitest";
import { walkthrough } from "../../src/core/api";
import { failureWords, leftWords, makingWords } from "../../src/core/making";
import { read } from "../../src/core/shape";
import { size, speed } from "../../src/core/size";

const w = (fields: object) => read(walkthrough, { id: "w", slug: "w", state: "compiling", ...fields });

describe("what is being made", () => {
  test.each([
    [{ ahead: 3 }, "Waiting, 3 jobs before it"],
    [{ ahead: 1 }, "Waiting, 1 job before it"],
    [{}, "Starting…"],
    [{ visit: "v1" }, "The replay is being made…"],
    [{ stage: "video", progress: 0.4, seconds_left: 170 }, "Preparing the picture · about 3 minutes left"],
    [{ stage: "audio", progress: 0.1, seconds_left: null }, "Preparing the sound"],
    [{ stage: "a stage of next year", progress: 0.1, seconds_left: 4 }, "Preparing · a few seconds left"],
  ])("%j is “%s”", (fields, words) => {
    expect(makingWords(w(fields))).toBe(words);
  });

  test.each([
    [{ reason: "cancelled", error: "cancelled" }, "You cancelled it."],
    [{ reason: "no_picture", error: "This file has no picture." }, "This file has no picture."],
    [{ error: null }, "It could not be prepared."],
  ])("a failure %j is “%s”", (fields, words) => {
    expect(failureWords(w({ state: "failed", ...fields }))).toBe(words);
  });

  test("a walkthrough of an older server is read too", () => {
    expect(w({ captions: "odd", chapters: [{ t: 1, title: "One" }, { t: "?" }] })).toMatchObject({
      stage: "", ahead: 0, seconds_left: null, visit: null, captions: [], chapters: [{ t: 1, title: "One" }],
    });
  });
});

test.each([
  [null, ""], [3, "a few seconds left"], [12, "about 15 seconds left"], [50, "about 50 seconds left"], [59, "about 1 minute left"],
  [3_600, "about 60 minutes left"], [7_300, "about 2 hours left"], [Infinity, ""],
])("%s s is “%s”", (seconds, words) => {
  expect(leftWords(seconds)).toBe(words);
});

test.each([
  [0, "0 bytes"], [999, "999 bytes"], [1_000, "1 kB"], [3_400_000, "3.4 MB"], [999_900_000, "1 GB"], [12_300_000_000, "12 GB"], [-1, "0 bytes"], [NaN, "0 bytes"],
])("%s is %s", (bytes, words) => {
  expect(size(bytes, "en")).toBe(words);
});

test("speed is said a second", () => {
  expect(speed(3_210_000, "en")).toBe("3.2 MB/s");
});
