import { describe, expect, test } from "vitest";
import { layoutFor, type MatteLayout } from "../../src/core/matte-layout";
import { stageView } from "../../src/core/stage-view";
import { reduce, type Visit } from "../../src/core/visit";

import { room, welcome } from "./fixtures";

const as = (who: string, role: "rep" | "customer", change: Partial<typeof room> = {}): Visit | null => {
  const message = welcome(who, role);
  return reduce(null, message.type === "welcome" ? { ...message, state: { ...room, ...change } } : message);
};

describe("the stage", () => {
  test("shows the main source large and the others small", () => {
    const view = stageView(as("jonas", "customer"), { hideMine: true });
    expect(view.main).toMatchObject({ slot: 1, kind: "screen", name: "Mara" });
    expect(view.insets.map((i) => i.slot)).toEqual([0]);
  });

  test("never plays one's own sound back", () => {
    expect(stageView(as("mara", "rep"), { hideMine: false }).audible).toEqual([2]);
    expect(stageView(as("jonas", "customer"), { hideMine: true }).audible).toEqual([0]);
  });

  test("shows the rep what the customer sees, the rep's own pictures too", () => {
    const view = stageView(as("mara", "rep"), { hideMine: false });
    expect(view.main).toMatchObject({ slot: 1, mine: true });
    expect(view.insets.map((i) => i.slot)).toEqual([0, 2]);
  });

  test("shows a virtual person only when it is known how the picture is laid out", () => {
    const person = { ...room.sources[0]!, kind: "person" as const };
    const sources = (matte_layout: MatteLayout | null): typeof room.sources => [{ ...person, matte_layout }, ...room.sources.slice(1)];
    const stage = { ...room.stage, main: "s-cam" };
    const untold = stageView(as("jonas", "customer", { sources: sources(null), stage }), { hideMine: true });
    expect(untold.main?.source).toBe("s-screen");
    expect(untold.insets).toEqual([]);
    const layout = layoutFor(480, 640);
    expect(stageView(as("jonas", "customer", { sources: sources(layout), stage }), { hideMine: true }).main).toMatchObject({ kind: "person", matte: layout });
  });

  test("falls back to the presenter when the main source has no picture", () => {
    const sources = room.sources.map((s) => (s.id === "s-screen" ? { ...s, video_alive: false } : s));
    expect(stageView(as("jonas", "customer", { sources }), { hideMine: true }).main?.slot).toBe(0);
  });

  test("puts no customer in the middle because the presenter's camera is off", () => {
    const sources = room.sources.map((s) => (s.participant === "mara" ? { ...s, video_alive: false } : { ...s, video_alive: true }));
    const view = stageView(as("mara", "rep", { sources }), { hideMine: false });
    expect(view.main).toBeNull();
    expect(view.insets.map((i) => i.slot)).toEqual([2]);
  });

  test("is empty while nobody is on it", () => {
    const view = stageView(as("jonas", "customer", { sources: [] }), { hideMine: true });
    expect(view).toEqual({ main: null, insets: [], audible: [] });
  });
});
