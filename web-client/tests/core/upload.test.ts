import { describe, expect, test } from "vitest";
import { kindOf, Pace, titleOf } from "../../src/core/upload";

describe("the pace of an upload", () => {
  test("is not told before there is anything to tell from", () => {
    const pace = new Pace();
    expect(pace.rate(0)).toBeNull();
    pace.take(0, 0);
    pace.take(300, 100_000);
    expect(pace.rate(300)).toBeNull();
    expect(pace.left(300, 1_000_000)).toBeNull();
  });

  test("is that of the last seconds, not of the whole way", () => {
    const pace = new Pace();
    for (let s = 0; s <= 60; s++) {
      pace.take(s * 1000, s <= 40 ? s * 5_000_000 : 200_000_000 + (s - 40) * 1_000_000);
    }
    expect(pace.rate(60_000)).toBeGreaterThan(900_000);
    expect(pace.rate(60_000)).toBeLessThan(1_200_000);
    expect(pace.left(60_000, 230_000_000)).toBeCloseTo(10, 0);
  });

  test("falls while nothing comes", () => {
    const pace = new Pace();
    pace.take(0, 0);
    pace.take(2_000, 2_000_000);
    expect(pace.rate(2_000)).toBe(1_000_000);
    expect(pace.rate(8_000)).toBe(250_000);
  });

  test("starts anew when the server has less than was thought", () => {
    const pace = new Pace();
    pace.take(0, 0);
    pace.take(2_000, 9_000_000);
    pace.take(3_000, 1_000_000);
    expect(pace.rate(3_000)).toBeNull();
    pace.take(5_000, 3_000_000);
    expect(pace.rate(5_000)).toBe(1_000_000);
  });
});

test.each([
  ["IMG_2041.MOV", "", "film"], ["a.mkv", "", "film"], ["a", "video/mp4", "film"], ["talk.mp3", "audio/mpeg", "film"],
  ["deck.PDF", "", "slides"], ["deck", "application/pdf", "slides"], ["subs.en.srt", "", "captions"],
  ["subs.vtt", "text/vtt", "captions"], ["notes.docx", "application/msword", "other"], ["x.ts", "video/vnd.dlna.mpeg-tts", "film"],
])("%s (%s) is a %s", (name, type, kind) => {
  expect(kindOf(name, type)).toBe(kind);
});

test.each([
  ["garden_lamp final.mp4", "garden lamp final"], ["archive.tar.gz", "archive.tar"], [".mp4", ".mp4"], ["no ending", "no ending"],
  [`${"x".repeat(200)}.mov`, "x".repeat(120)],
])("%s gets the title %s", (name, title) => {
  expect(titleOf(name)).toBe(title);
});
