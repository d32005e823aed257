/* The small pure modules: one describe each. */
import { afterEach, describe, expect, test } from "vitest";
import { createBackoff } from "../../src/core/backoff";
import { iceServersOf, parseVisitBoot, parseWalkthroughBoot } from "../../src/core/boot";
import { chapterAt, parsePosition, timeAt } from "../../src/core/playback";
import { parseProblem, problemOf } from "../../src/core/problem";
import { dotsBetween, type MediaCounters } from "../../src/core/quality";
import { addLanguage, setLanguage, t } from "../../src/core/strings";
import { clock, moment, spoken, timer } from "../../src/core/time";
import { readList, visit } from "../../src/core/api";

describe("back-off", () => {
  test("doubles to its limit and starts over", () => {
    const backoff = createBackoff(200, 1_000, () => 1);
    expect([1, 2, 3, 4].map(() => backoff.next())).toEqual([200, 400, 800, 1_000]);
    backoff.reset();
    expect(backoff.next()).toBe(200);
  });

  test("spreads by at most a quarter", () => {
    expect(createBackoff(200, 1_000, () => 0).next()).toBe(150);
  });
});

describe("playback", () => {
  test("moves on at its rate and stops at the end", () => {
    const playing = { state: "playing", t: 10, rate: 2, duration: 15, at: 1_000 } as const;
    expect(timeAt(playing, 2_000)).toBe(12);
    expect(timeAt(playing, 60_000)).toBe(15);
    expect(timeAt({ ...playing, state: "paused" }, 60_000)).toBe(10);
  });

  test("knows the chapter", () => {
    const chapters = [{ t: 0 }, { t: 19 }, { t: 43 }];
    expect([0, 18.9, 19, 80].map((s) => chapterAt(chapters, s))).toEqual([0, 0, 1, 2]);
    expect(chapterAt([{ t: 5 }], 1)).toBe(-1);
  });

  test("refuses a position without a time", () => {
    expect(parsePosition({ state: "ended", t: 84, rate: 1, duration: 84 }).state).toBe("ended");
    expect(() => parsePosition({ state: "playing" })).toThrow();
  });
});

describe("network dots", () => {
  const counters = (packets: number, lost: number, rtt: number | null = 0.02, freezes = 0): MediaCounters => ({ at: 0, packets, lost, rtt, freezes });
  test.each([
    [counters(200, 0), 4],
    [counters(194, 6), 3],
    [counters(188, 12), 2],
    [counters(150, 50), 1],
    [counters(0, 0), 0],
    [counters(200, 0, 0.3), 3],
    [counters(200, 0, 0.5), 2],
    [counters(200, 0, 1.2), 1],
    [counters(200, 0, 0.02, 1), 2],
  ])("%j is %i", (after, dots) => {
    expect(dotsBetween(counters(0, 0), after).dots).toBe(dots);
  });
});

describe("times", () => {
  test("in digits", () => {
    expect([clock(0), clock(83.9), clock(3723), clock(Number.NaN), timer(401)]).toEqual(["0:00", "1:23", "1:02:03", "0:00", "06:41"]);
  });

  test("in words", () => {
    expect(spoken(84, "en")).toBe("1 minute 24 seconds");
    expect(moment("2026-05-02T14:02:00Z", new Date("2026-05-02T15:00:00Z"), "en-GB")).toMatch(/^\d\d:\d\d$/);
    expect(moment("nonsense", new Date(), "en")).toBe("");
  });
});

describe("words", () => {
  afterEach(() => setLanguage(["en"]));

  test("take values and plurals", () => {
    expect(t("room.hear", { host: "Mara" })).toBe("Tap to hear Mara");
    expect([t("visits.present", { n: 1 }), t("visits.present", { n: 2 })]).toEqual(["1 person there", "2 people there"]);
  });

  test("come from a second catalogue, in English where it has none", () => {
    addLanguage("de", { "common.cancel": "Abbrechen" });
    expect(setLanguage(["fr", "de-AT", "en"])).toBe("de");
    expect([t("common.cancel"), t("common.close")]).toEqual(["Abbrechen", "Close"]);
    expect(setLanguage(["xx"])).toBe("en");
  });
});

describe("problems", () => {
  test("say the server's sentence, or the status", async () => {
    const said = parseProblem({ type: "urn:parlour:problem:bundle", title: "No BUNDLE", detail: "The offer has no BUNDLE group.", status: 422 }, 422);
    expect([said.message, said.final]).toEqual(["The offer has no BUNDLE group.", true]);
    expect((await problemOf(new Response("<html>", { status: 502 }))).message).toBe("HTTP 502");
  });

  test("know when trying again may help", () => {
    expect([503, 429, 404, 401].map((status) => parseProblem(null, status).final)).toEqual([false, false, true, true]);
  });
});

describe("boot data", () => {
  const card = { id: "v1", title: "A lamp", state: "planned", starts_at: null, host: { name: "Mara" }, company: { name: "Lumen" }, recording: "ask", products: [] };

  test("of a visit, and of a link that opens none", () => {
    expect(parseVisitBoot({ page: "visit", visit: card, invite: { id: "i", name: "" }, ice_servers: [] })).toMatchObject({ ok: true });
    expect(parseVisitBoot({ page: "visit", error: { status: 410, type: "urn:parlour:problem:revoked", title: "Gone" } })).toMatchObject({ ok: false, error: { status: 410 } });
  });

  test("of a walkthrough with little in it", () => {
    const parsed = parseWalkthroughBoot({ page: "walkthrough", walkthrough: { slug: "arc" } });
    expect(parsed).toMatchObject({ ok: true, boot: { company: { name: "" }, walkthrough: { chapters: [], poster: null } } });
  });

  test("ICE servers of another shape are left out", () => {
    expect(iceServersOf([{ urls: "stun:a" }, { urls: ["turn:b"], username: "u", credential: "c" }, { urls: 4 }, "x"])).toEqual([
      { urls: ["stun:a"] },
      { urls: ["turn:b"], username: "u", credential: "c" },
    ]);
  });
});

test("lists come bare or in an object", () => {
  const one = { id: "v", state: "live" };
  expect(readList(visit, [one])).toHaveLength(1);
  expect(readList(visit, { visits: [one, one] })).toHaveLength(2);
  expect(() => readList(visit, { visits: 3 })).toThrow();
});
