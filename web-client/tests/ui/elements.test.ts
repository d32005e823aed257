// @vitest-environment jsdom
/* Elements show what they are given and say what a person did. */
import type { LitElement } from "lit";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { parseVisitBoot } from "../../src/core/boot";
import { EMPTY_STAGE } from "../../src/core/stage-view";
import "../../src/ui/closed";
import "../../src/ui/door";
import "../../src/ui/dots";
import "../../src/ui/new-visit";
import "../../src/ui/player";
import "../../src/ui/room";
import "../../src/ui/seek-bar";
import "../../src/ui/visit-list";

let said: { type: string; detail: unknown }[];

beforeEach(() => {
  said = [];
  /* What jsdom has none of. */
  HTMLMediaElement.prototype.play = () => Promise.resolve();
  HTMLDialogElement.prototype.showModal = function (this: HTMLDialogElement): void {
    this.open = true;
  };
  for (const type of ["pl-enter", "pl-seek", "pl-play", "pl-pause", "pl-mute", "pl-sound", "pl-microphone", "pl-leave", "pl-new", "pl-retry", "pl-captions", "pl-create"]) {
    document.body.addEventListener(type, listen);
  }
});
afterEach(() => {
  document.body.innerHTML = "";
});

function listen(event: Event): void {
  said.push({ type: event.type, detail: (event as CustomEvent<unknown>).detail });
}

async function show<T extends LitElement>(tag: string, properties: object): Promise<T> {
  const element = Object.assign(document.createElement(tag), properties) as unknown as T;
  document.body.append(element);
  await element.updateComplete;
  return element;
}
const find = (element: LitElement, selector: string): HTMLElement => {
  const found = element.renderRoot.querySelector<HTMLElement>(selector);
  if (found === null) {
    throw new Error(`no ${selector}`);
  }
  return found;
};
const button = (element: LitElement, name: string): HTMLElement => {
  const all = [...element.renderRoot.querySelectorAll<HTMLElement>("button")];
  const found = all.find((b) => (b.getAttribute("aria-label") ?? b.textContent ?? "").trim().includes(name));
  if (found === undefined) {
    throw new Error(`no button ${name}`);
  }
  return found;
};

describe("the seek bar", () => {
  const keys: [string, number][] = [["ArrowRight", 33], ["ArrowLeft", 23], ["PageUp", 43], ["PageDown", 13], ["Home", 0], ["End", 84]];
  test.each(keys)("%s goes to second %i", async (key, second) => {
    const bar = await show("pl-seek-bar", { time: 28, duration: 84, ready: true });
    find(bar, "[role=slider]").dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    expect(said).toEqual([{ type: "pl-seek", detail: second }]);
  });

  test("shows the picture of the second under the pointer, and of the one a key went to", async () => {
    const tiles = [0, 42].map((start, i) => ({ start, end: start + 42, url: `/s-${i}.jpg`, x: 160 * i, y: 90, w: 160, h: 90 }));
    const bar = await show("pl-seek-bar", { time: 0, duration: 84, tiles });
    const slider = find(bar, "[role=slider]");
    slider.getBoundingClientRect = () => ({ left: 0, width: 840 }) as DOMRect;
    slider.dispatchEvent(new MouseEvent("pointermove", { clientX: 600 }));
    await bar.updateComplete;
    const picture = find(bar, ".preview img");
    expect(picture.getAttribute("src")).toBe("/s-1.jpg");
    expect(picture.style.transform).toContain("translate(-160px,-90px)");
    slider.dispatchEvent(new MouseEvent("pointerleave"));
    await bar.updateComplete;
    expect(bar.renderRoot.querySelector(".preview")).toBeNull();
    slider.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
    await bar.updateComplete;
    expect(find(bar, ".preview img").getAttribute("src")).toBe("/s-0.jpg");
  });

  test("says where it is, in words", async () => {
    const bar = await show("pl-seek-bar", { time: 28, duration: 84 });
    expect(find(bar, "[role=slider]").getAttribute("aria-valuetext")).toBe("28 seconds of 1 minute 24 seconds");
  });
});

describe("the player", () => {
  test("pauses while it plays and plays while it is paused", async () => {
    const player = await show("pl-player", { state: "playing", duration: 84 });
    button(player, "Pause").click();
    Object.assign(player, { state: "paused" });
    await player.updateComplete;
    button(player, "Play").click();
    expect(said.map((s) => s.type)).toEqual(["pl-pause", "pl-play"]);
  });

  test("jumps ten seconds, mutes and shows captions by keys", async () => {
    const player = await show<LitElement & { key(e: KeyboardEvent): void }>("pl-player", { state: "playing", time: 40, duration: 84, hasCaptions: true });
    for (const key of ["j", "l", "m", "c", "x"]) {
      player.key(new KeyboardEvent("keydown", { key }));
    }
    expect(said).toEqual([
      { type: "pl-seek", detail: 30 },
      { type: "pl-seek", detail: 50 },
      { type: "pl-mute", detail: true },
      { type: "pl-captions", detail: true },
    ]);
  });

  test("says why it cannot play and offers another try", async () => {
    const player = await show("pl-player", { state: "failed", failure: "The server is busy." });
    expect(find(player, "[role=alert]").textContent).toContain("The server is busy.");
    button(player, "Try again").click();
    expect(said[0]?.type).toBe("pl-retry");
  });
});

describe("the door", () => {
  const boot = (recording: string): unknown => {
    const parsed = parseVisitBoot({
      visit: { id: "v1", title: "A lamp", state: "lobby", host: { name: "Mara Lindqvist" }, company: { name: "Lumen Lamps" }, recording, products: [{ name: "Arc", summary: "Turns", size_mm: { w: 380, h: 1620, d: 380 } }] },
      invite: { id: "i1", name: "Jonas" },
    });
    return parsed.ok ? parsed.boot : null;
  };

  test("names person, company and product", async () => {
    const door = await show("pl-door", { boot: boot("off") });
    const words = door.renderRoot.textContent?.replace(/\s+/g, " ") ?? "";
    expect(words).toContain("Mara Lindqvist");
    expect(words).toContain("Lumen Lamps · Now");
    expect(words).toContain("38 × 38 × 162 cm");
  });

  test("asks about recording apart, and takes silence for no", async () => {
    const door = await show("pl-door", { boot: boot("ask"), step: "consent" });
    expect((find(door, "#record") as HTMLInputElement).checked).toBe(false);
    button(door, "Go in").click();
    expect(said).toEqual([{ type: "pl-enter", detail: { name: "Jonas", recording: false } }]);
  });

  test("tells that a visit is recorded, and still asks for one's own part", async () => {
    const door = await show("pl-door", { boot: boot("on"), step: "consent" });
    expect(door.renderRoot.textContent).toContain("This visit is recorded");
    expect((find(door, "#record") as HTMLInputElement).checked).toBe(false);
  });

  test("does not ask where nothing is recorded", async () => {
    const door = await show("pl-door", { boot: boot("off"), step: "consent" });
    expect(door.renderRoot.querySelector("#record")).toBeNull();
  });
});

describe("the room", () => {
  const main = { slot: 0, source: "s", kind: "camera", name: "Mara", mine: false } as const;

  test("is never blank: it says who is coming", async () => {
    const room = await show("pl-room", { host: "Mara Lindqvist", short: "Mara", joining: false });
    expect(find(room, ".waiting").textContent).toContain("Mara will be right with you");
  });

  test("offers the sound in one big button, and only where there is some", async () => {
    const room = await show("pl-room", { host: "Mara Lindqvist", short: "Mara", joining: false, hasSound: true, view: { ...EMPTY_STAGE, main, audible: [0] } });
    button(room, "Tap to hear Mara").click();
    expect(said).toEqual([{ type: "pl-sound", detail: true }]);
    Object.assign(room, { hasSound: false });
    await room.updateComplete;
    expect(room.renderRoot.querySelector(".hear")).toBeNull();
  });

  test("says in words that a picture does not come, such as one of a codec the browser lacks", async () => {
    vi.useFakeTimers();
    try {
      const room = await show("pl-room", { host: "Mara Lindqvist", short: "Mara", joining: false, view: { ...EMPTY_STAGE, main }, streams: [{}] });
      const stage = find(room, "pl-stage") as LitElement;
      await stage.updateComplete;
      expect(find(room, ".waiting").textContent).toContain("Opening the door");
      vi.advanceTimersByTime(7_000);
      await room.updateComplete;
      expect(find(room, ".waiting").textContent).toContain("Mara is here, the picture is not");
      find(stage, "pl-video").dispatchEvent(new CustomEvent("pl-picture", { detail: true }));
      await stage.updateComplete;
      await room.updateComplete;
      expect(room.renderRoot.textContent).not.toContain("the picture is not");
    } finally {
      vi.useRealTimers();
    }
  });

  test("does not name a company twice", async () => {
    const room = await show("pl-room", { host: "Lumen Lamps", short: "Lumen Lamps", company: "Lumen Lamps", visitTitle: "A lamp", joining: false });
    expect(find(room, ".who").textContent?.replace(/\s+/g, " ").trim()).toBe("Lumen Lamps A lamp");
    expect(find(room, ".waiting").textContent).toContain("Lumen Lamps will be right with you");
  });

  test("without camera access it has no dead buttons, but a hint", async () => {
    const room = await show("pl-room", { host: "Mara", canCapture: false, sound: "on" });
    expect(() => button(room, "Mic off")).toThrow();
    expect(room.renderRoot.textContent).toContain("open this link in your usual browser");
  });
});

test("dots say in words what they show", async () => {
  const dots = await show("pl-dots", { dots: 2 });
  expect(find(dots, "[role=img]").getAttribute("aria-label")).toBe("Weak connection");
  expect(dots.renderRoot.querySelectorAll(".on")).toHaveLength(2);
});

describe("the list of visits", () => {
  test("is a wait, an invitation, or a failure in words", async () => {
    const list = await show("pl-visit-list", {});
    expect(list.renderRoot.textContent).toContain("Looking up your visits");
    Object.assign(list, { visits: [] });
    await list.updateComplete;
    button(list, "New visit").click();
    Object.assign(list, { failure: "The server cannot be reached." });
    await list.updateComplete;
    button(list, "Try again").click();
    expect(said.map((s) => s.type)).toEqual(["pl-new", "pl-retry"]);
  });

  test("puts what is live first and what is over last", async () => {
    const visit = (id: string, state: string): object => ({ id, title: id, state, starts_at: null, created_at: null, replay: null, people: { present: 0 } });
    const list = await show("pl-visit-list", { visits: [visit("over", "ended"), visit("planned", "planned"), visit("live", "live")] });
    expect([...list.renderRoot.querySelectorAll("li b")].map((b) => b.textContent)).toEqual(["live", "planned", "over"]);
  });
});

test("a new visit is recorded only when its host chooses so", async () => {
  const sheet = await show("pl-new-visit", { open: true });
  const form = find(sheet, "form") as HTMLFormElement;
  (find(sheet, "#title") as HTMLInputElement).value = "A lamp";
  form.dispatchEvent(new Event("submit", { cancelable: true }));
  (find(sheet, "input[value=ask]") as HTMLInputElement).checked = true;
  form.dispatchEvent(new Event("submit", { cancelable: true }));
  expect(said.map((s) => (s.detail as { recording: string }).recording)).toEqual(["off", "ask"]);
});
