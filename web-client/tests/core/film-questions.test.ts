import { describe, expect, it } from "vitest";
import { newsOf, offeredAt, readAnswered, readOwn } from "../../src/core/film-questions";

const answer = { words: "No.", clip: null, at: null };
const all = readAnswered([
  { id: "a", t: 2, text: "Hot?", name: "Sam", answer },
  { id: "b", t: 5, text: "Tall?", answer: { words: null, clip: { slug: "tall" }, at: "2031-01-01T00:00:00Z" } },
]);

describe("questions of a film", () => {
  it("are offered from their second on, the latest first, for a while", () => {
    expect([0, 2, 4.9, 5, 7.9, 10.9, 11].map((t) => offeredAt(all, t)?.id ?? null)).toEqual([null, "a", "a", "b", "b", "b", null]);
  });

  it("are news to who asked, until looked at", () => {
    const mine = readOwn(JSON.stringify([{ id: "a", token: "x", t: 2, text: "Hot?" }, { id: "b", token: "y", t: 5, text: "Tall?", seen: 1 }]));
    expect(newsOf(mine, all).map((q) => q.id)).toEqual(["a"]);
    for (const broken of [null, "", "{", "7", '[{"id":1}]']) {
      expect(readOwn(broken)).toEqual([]);
    }
  });
});
