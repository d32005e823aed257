import { describe, expect, test } from "vitest";
import { cuesAt, parseVtt } from "../../src/core/vtt";

const FILE = `WEBVTT - narration

NOTE made by hand

1
00:00.000 --> 00:04.500 line:85%
This is <b>Arc</b>, a lamp &amp; a friend.

00:04.500 --> 00:00:09.000
<v Mara>Two lines
of words

oops --> 00:10.000
skipped

00:12.000 --> 00:11.000
backwards
`;

describe("captions", () => {
  test("are read without markup; bad blocks are skipped", () => {
    expect(parseVtt(FILE)).toEqual([
      { start: 0, end: 4.5, text: "This is Arc, a lamp & a friend." },
      { start: 4.5, end: 9, text: "Two lines\nof words" },
    ]);
  });

  test("of a Windows file with a byte order mark", () => {
    expect(parseVtt(`\ufeff${FILE.replace(/\n/g, "\r\n")}`)).toHaveLength(2);
  });

  test("of a file that is none", () => {
    expect(parseVtt("<html>")).toEqual([]);
    expect(parseVtt("WEBVTTX\n\n00:00.000 --> 00:01.000\na")).toEqual([]);
  });

  test("end when the next begins", () => {
    const cues = parseVtt(FILE);
    expect(cuesAt(cues, 4.5).map((c) => c.start)).toEqual([4.5]);
    expect(cuesAt(cues, 9)).toEqual([]);
  });
});
