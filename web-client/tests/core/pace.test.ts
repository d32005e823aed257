import { describe, expect, it, vi } from "vitest";
import { Pace } from "../../src/core/pace";
import { RecordingWord } from "../../src/core/word";

describe("how often is asked", () => {
  it("is soon after news, calmer without, and soon again", () => {
    let now = 0;
    const pace = new Pace(1_000, 10_000, () => now);
    expect(pace.wait("a")).toBe(1_000);
    now = 30_000;
    expect(pace.wait("a")).toBe(3_000);
    expect(pace.wait("a", 2_000)).toBe(2_000);
    now = 500_000;
    expect(pace.wait("a")).toBe(10_000);
    expect(pace.wait("b")).toBe(1_000);
  });
});

describe("a guest's word about the recording", () => {
  const said = () => {
    vi.useFakeTimers();
    const sent: boolean[] = [];
    const life = new AbortController();
    return { sent, life, word: new RecordingWord((yes) => sent.push(yes), () => Date.now(), life.signal) };
  };

  it("is heard at once, but a yes right after a no waits until the server takes it", () => {
    const { sent, word } = said();
    word.say(true);
    word.say(false);
    word.say(true);
    expect(sent).toEqual([true, false]);
    vi.advanceTimersByTime(2_400);
    expect(sent).toEqual([true, false]);
    vi.advanceTimersByTime(200);
    expect(sent).toEqual([true, false, true]);
  });

  it("is the last one: a no takes back a yes that waits, and nothing is said when life is over", () => {
    const { sent, word, life } = said();
    word.say(false);
    word.say(true);
    word.say(false);
    vi.advanceTimersByTime(10_000);
    expect(sent).toEqual([false, false]);
    word.say(true);
    word.say(true);
    word.say(false);
    word.say(true);
    life.abort();
    vi.advanceTimersByTime(10_000);
    expect(sent).not.toContain(undefined);
    expect(sent.at(-1)).toBe(false);
  });
});
