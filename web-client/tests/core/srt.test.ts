import { describe, expect, test } from "vitest";
import { textOf, vttOfSrt } from "../../src/core/srt";
import { parseVtt } from "../../src/core/vtt";

const cues = (srt: string) => parseVtt(vttOfSrt(srt));

describe("SubRip", () => {
  test("becomes WebVTT with its times and words", () => {
    expect(cues("1\r\n00:00:01,500 --> 00:00:04,000\r\nGood evening.\r\nCome in!\r\n\r\n2\r\n01:00:05,000 --> 01:00:06,000\r\nBye\r\n")).toEqual([
      { start: 1.5, end: 4, text: "Good evening.\nCome in!" },
      { start: 3605, end: 3606, text: "Bye" },
    ]);
  });

  test("may begin with a mark, lack numbers, use points, carry styles", () => {
    expect(cues("\ufeff00:00:01.5 --> 00:00:02.25\n<i>{\\an8}A & B <3</i>\n")).toEqual([{ start: 1.5, end: 2.25, text: "A & B <3" }]);
  });

  test("keeps no arrow that would look like a time", () => {
    expect(cues("00:00:01,000 --> 00:00:02,000\nhere --> there\n")[0]?.text).toBe("here → there");
  });

  test.each(["", "hello", "1\n2\n3", "00:00:01,000 --> 00:00:02,000\n\n"])("%j holds none", (file) => {
    expect(vttOfSrt(file)).toBe("");
  });

  test("is read also in the old Windows encoding", () => {
    expect(textOf(new Uint8Array([0x63, 0x61, 0x66, 0xe9]).buffer)).toBe("café");
    expect(textOf(new TextEncoder().encode("café").buffer as ArrayBuffer)).toBe("café");
  });
});
