import { expect, test } from "vitest";
import { ANY, shownSize, SMALLEST } from "../../src/core/windows";

test("a picture that is shown whole needs what fits in its window", () => {
  expect(shownSize({ width: 400, height: 800 }, "contain", 16 / 9, 1)).toEqual({ width: 400, height: 240 });
});

test("a picture that fills its window needs the parts that are cut off too", () => {
  expect(shownSize({ width: 390, height: 844 }, "cover", 16 / 9, 1)).toEqual({ width: 1504, height: 848 });
});

test("sharp screens need more, up to a limit, and what has no window needs the least", () => {
  expect(shownSize({ width: 320, height: 180 }, "contain", 16 / 9, 3)).toEqual({ width: 960, height: 544 });
  expect(shownSize({ width: 9000, height: 9000 }, "cover", 2, 3)).toEqual(ANY);
  expect(shownSize({ width: 0, height: 180 }, "cover", 1, 2)).toEqual(SMALLEST);
});

test("before the first frame the window itself is told", () => {
  expect(shownSize({ width: 100, height: 50 }, "cover", 0, 2)).toEqual({ width: 208, height: 112 });
});
