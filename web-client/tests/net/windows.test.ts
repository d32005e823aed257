// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Windows } from "../../src/net/windows";

let told: { url: string; body: Record<string, unknown>; token: string | null }[];
let hidden = false;
let life: AbortController;

beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  hidden = false;
  life = new AbortController();
  vi.spyOn(document, "hidden", "get").mockImplementation(() => hidden);
  vi.stubGlobal("fetch", (url: string, init: { body: string; headers: Record<string, string> }) => {
    told.push({ url, body: JSON.parse(init.body) as Record<string, unknown>, token: init.headers["Authorization"] ?? null });
    return Promise.resolve(new Response(JSON.stringify({ state: "playing", t: 0 })));
  });
});
afterEach(() => {
  life.abort();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const sizes = (): unknown[] => told.map(({ body }) => [body["slot"], body["max_width"], body["max_height"]]);

test("the server is told once, after a while, and only what has changed", async () => {
  const windows = new Windows("tok", life.signal);
  windows.moved("http://localhost/s");
  windows.shown(0, { width: 640, height: 360 });
  windows.shown(0, { width: 656, height: 368 });
  windows.shown(1, { width: 160, height: 96 });
  expect(told).toEqual([]);
  await vi.advanceTimersByTimeAsync(500);
  expect(sizes()).toEqual([[0, 656, 368], [1, 160, 96]]);
  expect(told[0]).toMatchObject({ url: "http://localhost/s/control", token: "Bearer tok", body: { action: "layer" } });
  windows.shown(1, { width: 160, height: 96 });
  await vi.advanceTimersByTimeAsync(500);
  expect(told).toHaveLength(2);
});

test("a hidden page gets the smallest, and its own again when it is back", async () => {
  const windows = new Windows(null, life.signal);
  windows.moved("http://localhost/s");
  windows.shown(0, { width: 640, height: 368 });
  await vi.advanceTimersByTimeAsync(500);
  for (const now of [true, false]) {
    hidden = now;
    document.dispatchEvent(new Event("visibilitychange"));
    await vi.advanceTimersByTimeAsync(500);
  }
  expect(sizes()).toEqual([[0, 640, 368], [0, 1, 1], [0, 640, 368]]);
});

test("a new session is told everything, one that is over nothing", async () => {
  const windows = new Windows(null, life.signal);
  windows.shown(0, { width: 640, height: 368 });
  await vi.advanceTimersByTimeAsync(500);
  expect(told).toEqual([]);
  windows.moved("http://localhost/a");
  await vi.advanceTimersByTimeAsync(500);
  windows.moved("http://localhost/b");
  await vi.advanceTimersByTimeAsync(500);
  expect(told.map(({ url }) => url)).toEqual(["http://localhost/a/control", "http://localhost/b/control"]);
  life.abort();
  windows.moved("http://localhost/c");
  await vi.advanceTimersByTimeAsync(500);
  expect(told).toHaveLength(2);
});
