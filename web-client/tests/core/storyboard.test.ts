import { describe, expect, test } from "vitest";
import { parseStoryboard, tileAt } from "../../src/core/storyboard";

const FILE = `WEBVTT

00:00:00.000 --> 00:00:05.000
storyboard-0.jpg#xywh=0,0,160,90

00:00:05.000 --> 00:00:10.000
storyboard-0.jpg#xywh=160,0,160,90

00:00:10.000 --> 00:00:12.500
storyboard-1.jpg#xywh=pixel:0,0,160,90
`;
const BASE = "https://parlour.example/w/lamp/files/storyboard.vtt";

describe("a storyboard", () => {
  const tiles = parseStoryboard(FILE, BASE);

  test("names a part of a sprite for each stretch", () => {
    expect(tiles).toHaveLength(3);
    expect(tiles[1]).toEqual({ start: 5, end: 10, url: "https://parlour.example/w/lamp/files/storyboard-0.jpg", x: 160, y: 0, w: 160, h: 90 });
  });

  test.each([[-1, 0], [0, 0], [4.9, 0], [5, 1], [9.99, 1], [12, 2], [99, 2]])("second %s is picture %s", (t, index) => {
    expect(tileAt(tiles, t)).toBe(tiles[index]);
  });

  test("gives the key of a private replay on to its sprites", () => {
    expect(parseStoryboard(FILE, `${BASE}?invite=abc`)[0]?.url).toBe("https://parlour.example/w/lamp/files/storyboard-0.jpg?invite=abc");
  });

  test("takes no picture of another origin, and nothing without a size", () => {
    const odd = FILE.replace("storyboard-0.jpg#xywh=0,0,160,90", "https://elsewhere.example/x.jpg#xywh=0,0,9,9").replace("160,0,160,90", "160,0,0,90");
    expect(parseStoryboard(odd, BASE)).toHaveLength(1);
    expect(parseStoryboard("no vtt", BASE)).toEqual([]);
    expect(tileAt([], 3)).toBeNull();
  });
});
