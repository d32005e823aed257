// @vitest-environment jsdom
/* The console's lists: what they show of each state, and what their buttons say. */
import type { LitElement } from "lit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { liveSource, walkthrough } from "../../src/core/api";
import { read } from "../../src/core/shape";
import type { UploadInfo } from "../../src/core/upload";
import "../../src/ui/ask";
import "../../src/ui/green";
import "../../src/ui/new-source";
import "../../src/ui/recording-choice";
import "../../src/ui/replay";
import "../../src/ui/room";
import "../../src/ui/slides-list";
import "../../src/ui/source-list";
import "../../src/ui/studio";
import "../../src/ui/uploads";
import "../../src/ui/walkthrough-list";

let said: { type: string; detail: unknown }[];
const EVENTS = ["pl-pause", "pl-resume", "pl-cancel", "pl-again", "pl-publish", "pl-copy", "pl-stop", "pl-repeat", "pl-open", "pl-roll", "pl-delete", "pl-create", "pl-send", "pl-consent", "pl-key", "pl-ask", "pl-recording", "pl-retry"];
const listen = (event: Event): void => {
  said.push({ type: event.type, detail: (event as CustomEvent<unknown>).detail });
};

beforeEach(() => {
  said = [];
  HTMLMediaElement.prototype.play = () => Promise.resolve();
  HTMLDialogElement.prototype.showModal = function (this: HTMLDialogElement): void {
    this.open = true;
  };
  EVENTS.forEach((type) => document.body.addEventListener(type, listen));
});
afterEach(() => {
  EVENTS.forEach((type) => document.body.removeEventListener(type, listen));
  document.body.innerHTML = "";
});

async function show<T extends LitElement>(tag: string, properties: object): Promise<T> {
  const element = Object.assign(document.createElement(tag), properties) as unknown as T;
  document.body.append(element);
  await element.updateComplete;
  return element;
}
const words = (element: LitElement): string =>
  [...element.renderRoot.children].filter((e) => e.tagName !== "STYLE").map((e) => e.textContent).join(" ").replace(/\s+/g, " ");
const button = (element: LitElement, name: string): HTMLElement => {
  const found = [...element.renderRoot.querySelectorAll<HTMLElement>("button, a")].find((b) => (b.getAttribute("aria-label") ?? b.textContent ?? "").trim().includes(name));
  if (found === undefined) {
    throw new Error(`no button ${name}`);
  }
  return found;
};

describe("uploads", () => {
  const upload = (state: UploadInfo["state"], more: Partial<UploadInfo> = {}): UploadInfo => ({ key: "u1", name: "lamp.mp4", size: 12_000_000, sent: 3_000_000, state, rate: null, left: null, failure: "", ...more });

  test.each([
    [upload("sending", { rate: 2_000_000, left: 4.5 }), "3 MB of 12 MB · 2 MB/s · a few seconds left", ["pl-pause", "pl-cancel"]],
    [upload("paused"), "3 MB of 12 MB · paused", ["pl-resume", "pl-cancel"]],
    [upload("broken"), "waiting for the server, goes on by itself", ["pl-pause", "pl-cancel"]],
    [upload("waiting"), "12 MB · comes next", ["pl-pause", "pl-cancel"]],
    [upload("failed", { failure: "The server’s disk has no room for this file." }), "no room for this file", ["pl-resume", "pl-cancel"]],
    [upload("interrupted"), "choose the same file to go on", ["pl-again", "pl-cancel"]],
    [upload("finishing"), "All there", []],
  ] as const)("$0.state: never without words and a way on", async (info, told, events) => {
    const rows = await show("pl-uploads", { uploads: [info] });
    expect(words(rows)).toContain(told);
    rows.renderRoot.querySelectorAll<HTMLElement>("button").forEach((b) => b.click());
    expect(said).toEqual(events.map((type) => ({ type, detail: "u1" })));
  });
});

describe("walkthroughs", () => {
  const film = (fields: object) => read(walkthrough, { id: "w1", slug: "lamp", title: "The lamp", state: "ready", ...fields });
  const list = (fields: object) => show("pl-walkthrough-list", { walkthroughs: [film(fields)] });

  test("one that is ready is published by one tap, a published one gives its link", async () => {
    button(await list({}), "Publish").click();
    button(await list({ published: true }), "Copy link").click();
    expect(said).toEqual([{ type: "pl-publish", detail: { id: "w1", published: true } }, { type: "pl-copy", detail: "lamp" }]);
  });

  test("one that is made tells how far it is and can be cancelled", async () => {
    const shown = await list({ state: "compiling", progress: 0.421, stage: "video", seconds_left: 170 });
    expect(words(shown)).toContain("42 % · Preparing the picture · about 3 minutes left");
    button(shown, "Cancel").click();
    expect(said).toEqual([{ type: "pl-stop", detail: "w1" }]);
  });

  test("one that failed says why and can be tried again", async () => {
    const shown = await list({ state: "failed", error: "The file ends at 12.4 s.", reason: "cut_off" });
    expect(words(shown)).toContain("The file ends at 12.4 s.");
    button(shown, "Try again").click();
    expect(said).toEqual([{ type: "pl-repeat", detail: "w1" }]);
  });

  test("a replay is marked, and apart from the films", async () => {
    const shown = await show("pl-walkthrough-list", { walkthroughs: [film({}), film({ id: "w2", title: "A visit", visit: "v1" })] });
    expect(words(shown)).toMatch(/Videos.*The lamp.*Replays of visits.*Replay.*A visit/);
    expect(words(shown)).toContain("For your team and the guests of that visit");
  });

  test("what was loaded stays when the server is away", async () => {
    const shown = await list({});
    Object.assign(shown, { failure: "The server cannot be reached." });
    await shown.updateComplete;
    expect(words(shown)).toContain("The server cannot be reached.");
    expect(words(shown)).toContain("The lamp");
  });
});

describe("sources", () => {
  const source = (fields: object) => read(liveSource, { id: "s1", name: "Studio", kind: "rtmp", server: "rtmp://h/live", stream_key: "sesame", state: "off", ...fields });

  test("the key is hidden until it is asked for, and rolled only after a question", async () => {
    const shown = await show("pl-source-list", { sources: [source({})] });
    const key = shown.renderRoot.querySelector<HTMLInputElement>("#key-s1");
    expect(key?.type).toBe("password");
    button(shown, "Show the stream key").click();
    await shown.updateComplete;
    expect(key?.type).toBe("text");
    button(shown, "Copy the stream key").click();
    button(shown, "New key").click();
    await shown.updateComplete;
    expect(words(shown)).toContain("The old key stops working at once.");
    button(shown, "Make a new key").click();
    expect(said).toEqual([{ type: "pl-copy", detail: { id: "s1", what: "key" } }, { type: "pl-roll", detail: "s1" }]);
  });

  test("says how a connected one does, and how to begin for one that is not", async () => {
    expect(words(await show("pl-source-list", { sources: [source({ state: "connected", delay_ms: 180, detail: "h264 1280x720", visit: "v" })] }))).toContain("h264 1280x720 · 180 ms through our server · On stage");
    expect(words(await show("pl-source-list", { sources: [source({})] }))).toContain("Paste Server and Stream key from here.");
    expect(words(await show("pl-source-list", { sources: [source({ state: "lost", visit: "v" })] }))).toContain("A holding picture is shown");
  });

  test("who may not change them sees no button for it", async () => {
    const shown = await show("pl-source-list", { sources: [source({ stream_key: null })], mayWrite: false });
    expect(() => button(shown, "Delete")).toThrow();
    expect(() => button(shown, "Add a source")).toThrow();
  });

  test.each([
    ["rtmp", {}, { name: "Studio", kind: "rtmp" }],
    ["rtsp", { url: "http://camera" }, null],
    ["rtsp", { url: "rtsp://camera/1" }, { name: "Studio", kind: "rtsp", url: "rtsp://camera/1" }],
    ["srt", { passphrase: "short" }, null],
    ["srt", { passphrase: "long enough" }, { name: "Studio", kind: "srt", passphrase: "long enough" }],
    ["playlist", {}, null],
  ])("a new %s with %j is %j", async (kind, fields, wish) => {
    const sheet = await show("pl-new-source", { open: true });
    const radio = sheet.renderRoot.querySelector<HTMLInputElement>(`input[value="${kind}"]`);
    radio?.click();
    await sheet.updateComplete;
    for (const [name, value] of Object.entries({ name: "Studio", ...fields })) {
      (sheet.renderRoot.querySelector(`#${name}`) as HTMLInputElement).value = value;
    }
    sheet.renderRoot.querySelector("form")?.dispatchEvent(new Event("submit", { cancelable: true }));
    expect(said.filter((s) => s.type === "pl-create").map((s) => s.detail)).toEqual(wish === null ? [] : [wish]);
  });
});

test("a green background is found by itself, or is the colour one picks", async () => {
  const green = await show("pl-green", { key: "" });
  green.renderRoot.querySelector<HTMLInputElement>("[role=switch]")?.click();
  await green.updateComplete;
  green.renderRoot.querySelectorAll<HTMLInputElement>("[type=radio]")[1]?.click();
  await green.updateComplete;
  const colour = green.renderRoot.querySelector<HTMLInputElement>("[type=color]");
  if (colour !== null) {
    colour.value = "#11aa22";
    colour.dispatchEvent(new Event("input"));
  }
  expect(said.map((s) => s.detail)).toEqual(["auto", "00b140", "11aa22"]);
});

describe("asking", () => {
  const question = (text: string, participant = "me") => ({ id: text, participant, name: "Ida", text, t: 0 });

  test("sends what was typed, keeps it until it has arrived, and then is free for the next", async () => {
    const sheet = await show("pl-ask", { open: true, host: "Mara", me: "me" });
    const field = sheet.renderRoot.querySelector("textarea");
    if (field === null) {
      throw new Error("no field");
    }
    field.value = "  Does it get hot? ";
    field.dispatchEvent(new Event("input"));
    await sheet.updateComplete;
    sheet.renderRoot.querySelector("form")?.dispatchEvent(new Event("submit", { cancelable: true }));
    expect(said).toEqual([{ type: "pl-send", detail: "Does it get hot?" }]);
    Object.assign(sheet, { failure: "Not sent." });
    await sheet.updateComplete;
    expect(field.value).toBe("  Does it get hot? ");
    Object.assign(sheet, { questions: [question("Does it get hot?")] });
    await sheet.updateComplete;
    expect(field.value).toBe("");
  });

  test("the rep reads the newest first", async () => {
    const studio = await show("pl-studio", { phase: "live", questions: [question("First?", "a"), question("Second?", "b")] });
    expect([...studio.renderRoot.querySelectorAll(".question b")].map((b) => b.textContent)).toEqual(["Second?", "First?"]);
  });
});

describe("recording", () => {
  test("is red in the customer's room while it runs, and leads to the choice", async () => {
    const room = await show("pl-room", { host: "Mara", short: "Mara", joining: false, mayRecord: true, recording: true });
    button(room, "Recording. Your choice").click();
    expect(said).toEqual([{ type: "pl-recording", detail: null }]);
    expect(room.renderRoot.querySelector(".rec.on")).not.toBeNull();
    Object.assign(room, { recording: false, mayRecord: false });
    await room.updateComplete;
    expect(room.renderRoot.querySelector(".rec")).toBeNull();
  });

  test("is told to staff beside “Live”", async () => {
    const studio = await show("pl-studio", { phase: "live", recording: true });
    expect(studio.renderRoot.querySelector(".chip.rec")?.textContent).toBe("Recording");
  });

  test("a guest's word is taken both ways", async () => {
    const sheet = await show("pl-recording-choice", { open: true, active: true, mine: true });
    sheet.renderRoot.querySelector<HTMLInputElement>("[type=checkbox]")?.click();
    sheet.renderRoot.querySelector<HTMLInputElement>("[type=checkbox]")?.click();
    expect(said).toEqual([{ type: "pl-consent", detail: false }, { type: "pl-consent", detail: true }]);
  });

  test("the replay is promised, offered with the guest's key, or its failure said", async () => {
    const shown = await show("pl-replay", { state: { name: "asking" }, invite: "a/b", kept: true });
    expect(words(shown)).toBe("");
    const told = async (state: object): Promise<string> => {
      Object.assign(shown, { state });
      await shown.updateComplete;
      return words(shown);
    };
    expect(await told({ name: "making", progress: 0.5 })).toContain("Your replay is being made…");
    expect(await told({ name: "ready", slug: "r1" })).toContain("Your replay is ready");
    expect(button(shown, "Watch the replay").getAttribute("href")).toBe("/w/r1?invite=a%2Fb");
    expect(await told({ name: "failed", why: "Nothing was left." })).toContain("Nothing was left.");
    expect(await told({ name: "none" })).toBe("");
  });
});

test("a picture this browser has no codec for is said at once, with its name", async () => {
  const main = { slot: 0, source: "s", kind: "camera", name: "Mara", mine: false } as const;
  const room = await show("pl-room", { host: "Mara", short: "Mara", joining: false, unplayable: "H264", view: { main, insets: [], audible: [] }, streams: [{}] });
  await (room.renderRoot.querySelector("pl-stage") as LitElement).updateComplete;
  await room.updateComplete;
  expect(room.renderRoot.textContent).toContain("Mara is here, the picture is not");
  expect(room.renderRoot.textContent).toContain("(H264)");
});

test("the delay says what is in it", async () => {
  const studio = await show("pl-studio", { phase: "live", delay: { ms: 300, source: 180, view: 120, atLeast: false } });
  expect(studio.renderRoot.querySelector(".delay")?.textContent).toContain("300 ms from arrival to screen");
  expect(studio.renderRoot.querySelector(".delay")?.getAttribute("title")).toContain("180 ms in our server, 120 ms on the way");
  Object.assign(studio, { delay: { ms: 90, source: null, view: 90, atLeast: true } });
  await studio.updateComplete;
  expect(studio.renderRoot.querySelector(".delay")?.textContent).toContain("At least 90 ms");
});

test("a page of slides has its words as its alternative text", async () => {
  const deck = { id: "d", title: "Offer", state: "ready", error: null, pages: [{ width: 1280, height: 720, image: "/p1.webp", text: "/p1.json" }] };
  const list = await show("pl-slides-list", { decks: [deck], shown: deck, texts: new Map([[0, "Arc floor lamp"]]) });
  expect(list.renderRoot.querySelector("figure img")?.getAttribute("alt")).toBe("Page 1 of 1: Arc floor lamp");
});
