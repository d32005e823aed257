import { describe, expect, test } from "vitest";
import { walkthrough } from "../../src/core/api";
import { parseOverBoot } from "../../src/core/boot";
import { replayAfter } from "../../src/core/replay-watch";
import { read } from "../../src/core/shape";

const answer = (state: string, more: object = {}) => read(walkthrough, { id: "w", slug: "r", state, ...more });
const after = (what: Parameters<typeof replayAfter>[0], since = 0) => replayAfter(what, since, (w) => w.error ?? "");

describe("a replay that is being made", () => {
  test("is asked for soon at first, then calmer, and not once it is there", () => {
    expect(after(answer("compiling", { progress: 0.5 }))).toEqual({ state: { name: "making", progress: 0.5 }, wait: 1_000 });
    expect(after(answer("compiling"), 60_000).wait).toBe(4_000);
    expect(after(answer("compiling"), 3_600_000).wait).toBe(10_000);
    expect(after(answer("ready"))).toEqual({ state: { name: "ready", slug: "r" }, wait: null });
  });

  test("is promised only when the server knows of it", () => {
    expect(after(null)).toEqual({ state: { name: "asking" }, wait: 1_000 });
    expect(after(null, 30_000)).toEqual({ state: { name: "none" }, wait: null });
  });

  test("failing is final and has words; a server that is away is not", () => {
    expect(after(answer("failed", { error: "No track was left." }))).toEqual({ state: { name: "failed", why: "No track was left." }, wait: null });
    expect(after(undefined, 5_000)).toEqual({ state: { name: "away" }, wait: 1_000 });
  });
});

test("the page of a visit that is over says whether there is a replay", () => {
  const boot = { page: "visit", error: { status: 410 }, company: { name: "Lumen" }, visit: { id: "v", title: "A lamp", recording: "ask" }, invite: { id: "i" }, consented_recording: true, replay: { slug: null, state: "compiling" } };
  expect(parseOverBoot(boot)).toMatchObject({ visit: { id: "v" }, consented_recording: true, replay: { slug: null } });
  expect(parseOverBoot({ ...boot, replay: null })?.replay).toBeNull();
  expect(parseOverBoot({ error: { status: 410 }, company: { name: "Lumen" } })).toBeNull();
});
