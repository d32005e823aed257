// @vitest-environment jsdom
/* Uploads with tus-js-client replaced: tests say what the network does. The real one is in tests/e2e. */
import { beforeEach, describe, expect, test, vi } from "vitest";
import { Problem } from "../../src/core/problem";
import { Uploads, type UploadJob } from "../../src/net/uploads";

interface Options {
  onProgress(sent: number): void;
  onError(error: unknown): void;
  onSuccess(): void;
}
const made: FakeUpload[] = [];
const stored: { uploadUrl: string; size: number; metadata: Record<string, string>; urlStorageKey: string }[] = [];
const terminated: string[] = [];

class FakeUpload {
  static terminate(url: string): Promise<void> {
    terminated.push(url);
    return Promise.resolve();
  }
  url: string | null = null;
  starts = 0;
  aborted = 0;
  private readonly id: number;
  constructor(readonly file: File, readonly options: Options) {
    this.id = made.push(this);
  }
  findPreviousUploads(): Promise<unknown[]> {
    return Promise.resolve(stored.filter((s) => s.metadata["filename"] === this.file.name));
  }
  resumeFromPreviousUpload(before: { uploadUrl: string }): void {
    this.url = before.uploadUrl;
  }
  start(): void {
    this.starts++;
    this.url ??= `/api/v1/uploads/id${this.id}`;
  }
  abort(): Promise<void> {
    this.aborted++;
    return Promise.resolve();
  }
}

vi.mock("tus-js-client", () => ({
  Upload: FakeUpload,
  defaultOptions: {
    urlStorage: {
      findAllUploads: () => Promise.resolve([...stored]),
      removeUpload: (key: string) => {
        stored.splice(stored.findIndex((s) => s.urlStorageKey === key), 1);
        return Promise.resolve();
      },
    },
  },
}));

const job: UploadJob = { purpose: "walkthrough", title: "Lamp", key: "" };
const file = (name = "lamp.mp4"): File => new File([new Uint8Array(1000)], name);
const answered = (status: number, body = "") => Object.assign(new Error("tus"), { originalResponse: { getStatus: () => status, getBody: () => body } });
let finished: string[];
let finish: (id: string) => Promise<void>;
const create = (): Uploads =>
  new Uploads({
    onchange: () => undefined,
    words: (error) => (error instanceof Error ? error.message : "odd"),
    finish: (id) => finish(id),
  });

describe("uploads", () => {
  beforeEach(() => {
    made.length = stored.length = terminated.length = 0;
    finished = [];
    finish = (id) => {
      finished.push(id);
      return Promise.resolve();
    };
    vi.stubGlobal("fetch", () => Promise.resolve(new Response(null, { status: 200, headers: { "Upload-Offset": "430" } })));
  });
  const started = (count: number) => vi.waitFor(() => expect(made.filter((u) => u.starts > 0)).toHaveLength(count));

  test("go two at a time, tell what was sent, and hand over what has arrived", async () => {
    const uploads = create();
    ["a.mp4", "b.mp4", "c.mp4"].forEach((name) => uploads.add(file(name), job));
    await started(2);
    made[0]?.options.onProgress(250);
    expect(uploads.list.map((u) => [u.name, u.state, u.sent])).toEqual([["a.mp4", "sending", 250], ["b.mp4", "sending", 0], ["c.mp4", "waiting", 0]]);
    made[0]?.options.onSuccess();
    await started(3);
    expect(finished).toEqual(["id1"]);
    expect(uploads.list.map((u) => u.name)).toEqual(["b.mp4", "c.mp4"]);
  });

  test("go on by themselves when the server was away, and not when it has refused", async () => {
    const uploads = create();
    uploads.add(file(), job);
    await started(1);
    made[0]?.options.onError(new Error("no network"));
    expect(uploads.list[0]?.state).toBe("broken");
    await vi.waitFor(() => expect(made[0]?.starts).toBe(2), { timeout: 2_000 });
    made[0]?.options.onError(answered(503));
    expect(uploads.list[0]?.state).toBe("broken");
    globalThis.dispatchEvent(new Event("online"));
    expect(made[0]?.starts).toBe(3);
    made[0]?.options.onError(answered(507, JSON.stringify({ title: "no", detail: "The server's disk has no room for this file." })));
    expect(uploads.list[0]).toMatchObject({ state: "failed", failure: "The server's disk has no room for this file." });
  });

  test("pause, go on, and leave nothing behind when cancelled", async () => {
    const uploads = create();
    uploads.add(file(), job);
    await started(1);
    const key = uploads.list[0]?.key ?? "";
    uploads.pause(key);
    expect([uploads.list[0]?.state, made[0]?.aborted]).toEqual(["paused", 1]);
    uploads.resume(key);
    await vi.waitFor(() => expect(made[0]?.starts).toBe(2));
    uploads.cancel(key);
    expect(uploads.list).toEqual([]);
    await vi.waitFor(() => expect(terminated).toEqual(["/api/v1/uploads/id1"]));
  });

  test("from before a reload are told, and go on with the same file", async () => {
    stored.push({ uploadUrl: "/api/v1/uploads/old", size: 1000, metadata: { filename: "lamp.mp4", title: "My lamp", purpose: "walkthrough" }, urlStorageKey: "tus::x::1" });
    const uploads = create();
    await vi.waitFor(() => expect(uploads.list[0]).toMatchObject({ state: "interrupted", sent: 430, name: "lamp.mp4" }));
    uploads.add(file(), job);
    await started(1);
    expect(uploads.list).toHaveLength(1);
    expect(uploads.list[0]?.job.title).toBe("My lamp");
    made[0]?.options.onSuccess();
    await vi.waitFor(() => expect(finished).toEqual(["old"]));
    await vi.waitFor(() => expect(stored).toEqual([]));
  });

  test("hand over again when the answer was lost, and say it when the server refuses", async () => {
    let tries = 0;
    finish = () => {
      tries++;
      return tries === 1 ? Promise.reject(new TypeError("no network")) : Promise.reject(new Problem(400, "bad-field", "There is no such upload.", ""));
    };
    const uploads = create();
    uploads.add(file(), job);
    await started(1);
    made[0]?.options.onSuccess();
    await vi.waitFor(() => expect(uploads.list[0]).toMatchObject({ state: "failed", failure: "There is no such upload.", sent: 0 }), { timeout: 3_000 });
    expect(tries).toBe(2);
  });
});
