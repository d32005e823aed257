/* Files on their way to the server, over tus 1.0.0 by tus-js-client. They go on by themselves when the
 * server was away, and after a reload of the page as soon as the browser is given the same file again
 * (known by its fingerprint: name, type, size, time). Lives as long as the console's page. */
import { createBackoff, type Backoff } from "../core/backoff";
import { parseProblem } from "../core/problem";
import { Pace, type UploadInfo, type UploadState } from "../core/upload";
import type { DetailedError, PreviousUpload, Upload } from "tus-js-client";

/* What is done with a file once it is there. Kept by name with the upload, for the time after a reload. */
export type Purpose = "walkthrough" | "slides" | `replace:${string}` | `model:${string}` | `image:${string}` | `answer:${string}`;

export interface UploadJob {
  readonly purpose: Purpose;
  readonly title: string;
  /* "" or "auto" or RRGGBB: the film's background is taken out. */
  readonly key: string;
}

export interface UploadsOptions {
  readonly onchange: () => void;
  /* All bytes of upload `id` are there. Rejects with a Problem; rejecting with anything else (no network)
   * is tried again. */
  readonly finish: (id: string, job: UploadJob) => Promise<void>;
  /* What to tell a person, by tus's or the server's failure. */
  readonly words: (error: unknown) => string;
}

const ENDPOINT = "/api/v1/uploads";
/* A body of its own for so many bytes: what the server has said it has is safe from then on. */
const CHUNK = 16 * 1024 * 1024;
/* Side by side; more only slow each other down. */
const AT_ONCE = 2;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 5_000;
const TELL_EVERY = 250;

interface Item {
  readonly key: string;
  readonly name: string;
  readonly size: number;
  readonly job: UploadJob;
  readonly file: File | null;
  readonly stored: PreviousUpload | null;
  sent: number;
  state: UploadState;
  failure: string;
  upload: Upload | null;
  readonly pace: Pace;
  readonly backoff: Backoff;
  timer: ReturnType<typeof setTimeout> | undefined;
}

type Tus = typeof import("tus-js-client");

/* The part that matters of a failed exchange: 0 when there was no answer. */
function statusOf(error: unknown): number {
  return (error as Partial<DetailedError>).originalResponse?.getStatus() ?? 0;
}

/* Trying the same again can help: no answer, or one that says later. 423: another request writes it still. */
const passing = (status: number): boolean =>
  status === 0 || status === 408 || status === 409 || status === 423 || status === 425 || status === 429 || status === 460 || (status >= 500 && status !== 507);

export class Uploads {
  private items: readonly Item[] = [];
  private count = 0;
  private told = 0;
  private readonly tus: Promise<Tus> = import("tus-js-client");

  constructor(private readonly options: UploadsOptions) {
    void this.findInterrupted();
    globalThis.addEventListener("online", () => this.hurry());
    globalThis.addEventListener("beforeunload", (event) => {
      if (this.items.some((i) => i.state === "sending" || i.state === "broken" || i.state === "finishing")) {
        event.preventDefault();
      }
    });
  }

  get list(): readonly (UploadInfo & { readonly job: UploadJob })[] {
    const now = performance.now();
    return this.items.map((i) => ({
      key: i.key,
      name: i.name,
      size: i.size,
      sent: i.sent,
      state: i.state,
      failure: i.failure,
      job: i.job,
      rate: i.state === "sending" ? i.pace.rate(now) : null,
      left: i.state === "sending" ? i.pace.left(now, i.size) : null,
    }));
  }

  add(file: File, job: UploadJob): void {
    /* The file of an upload that a reload has interrupted: its entry becomes this one. */
    const before = this.items.find((i) => i.state === "interrupted" && i.name === file.name && i.size === file.size);
    this.items = [
      ...this.items.filter((i) => i !== before),
      this.item(file.name, file.size, before?.job ?? job, file, null),
    ];
    this.next();
  }

  pause(key: string): void {
    const item = this.find(key);
    if (item !== undefined && (item.state === "sending" || item.state === "waiting" || item.state === "broken")) {
      clearTimeout(item.timer);
      void item.upload?.abort();
      this.set(item, "paused");
      this.next();
    }
  }

  resume(key: string): void {
    const item = this.find(key);
    if (item !== undefined && (item.state === "paused" || item.state === "failed") && item.file !== null) {
      item.backoff.reset();
      this.set(item, "waiting");
      this.next();
    }
  }

  /* Also takes what has arrived from the server's disk. */
  cancel(key: string): void {
    const item = this.find(key);
    if (item === undefined) {
      return;
    }
    clearTimeout(item.timer);
    this.items = this.items.filter((i) => i !== item);
    this.options.onchange();
    void this.discard(item).then(() => this.next());
  }

  private async discard(item: Item): Promise<void> {
    const url = item.upload?.url ?? item.stored?.uploadUrl ?? null;
    await item.upload?.abort();
    await this.forget(url);
    if (url !== null) {
      const { Upload } = await this.tus;
      await Upload.terminate(url, { retryDelays: null }).catch(() => undefined); /* it expires by itself */
    }
  }

  private item(name: string, size: number, job: UploadJob, file: File | null, stored: PreviousUpload | null): Item {
    this.count++;
    return {
      key: `u${this.count}`,
      name,
      size,
      job,
      file,
      stored,
      sent: 0,
      state: file === null ? "interrupted" : "waiting",
      failure: "",
      upload: null,
      pace: new Pace(),
      backoff: createBackoff(FIRST_WAIT, LONGEST_WAIT, Math.random),
      timer: undefined,
    };
  }

  private find(key: string): Item | undefined {
    return this.items.find((i) => i.key === key);
  }

  private set(item: Item, state: UploadState, failure = ""): void {
    item.state = state;
    item.failure = failure;
    if (state !== "sending") {
      item.pace.forget();
    }
    this.options.onchange();
  }

  private next(): void {
    const running = this.items.filter((i) => i.state === "sending" || i.state === "broken" || i.state === "finishing").length;
    for (const item of this.items.filter((i) => i.state === "waiting").slice(0, Math.max(0, AT_ONCE - running))) {
      this.set(item, "sending");
      void this.start(item);
    }
    this.options.onchange();
  }

  private hurry(): void {
    for (const item of this.items.filter((i) => i.state === "broken")) {
      clearTimeout(item.timer);
      this.again(item);
    }
  }

  private async start(item: Item): Promise<void> {
    const { Upload } = await this.tus;
    if (item.file === null || item.state !== "sending") {
      return;
    }
    if (item.upload === null) {
      const { purpose, title, key } = item.job;
      item.upload = new Upload(item.file, {
        endpoint: ENDPOINT,
        chunkSize: CHUNK,
        retryDelays: null,
        storeFingerprintForResuming: true,
        removeFingerprintOnSuccess: false,
        metadata: { filename: item.name, filetype: item.file.type, title, purpose, key },
        onProgress: (sent) => this.progress(item, sent),
        onChunkComplete: (_, accepted) => this.progress(item, accepted),
        onError: (error) => this.failed(item, error),
        onSuccess: () => void this.finish(item),
      });
      const [before] = await item.upload.findPreviousUploads();
      if (before !== undefined) {
        item.upload.resumeFromPreviousUpload(before);
      }
      if (item.state !== "sending") {
        return;
      }
    }
    item.upload.start();
  }

  private progress(item: Item, sent: number): void {
    const now = performance.now();
    item.sent = Math.min(sent, item.size);
    item.pace.take(now, item.sent);
    item.backoff.reset();
    if (now - this.told > TELL_EVERY || sent >= item.size) {
      this.told = now;
      this.options.onchange();
    }
  }

  private failed(item: Item, error: unknown): void {
    if (item.state !== "sending") {
      return;
    }
    const status = statusOf(error);
    if (passing(status)) {
      this.set(item, "broken");
      item.timer = setTimeout(() => this.again(item), item.backoff.next());
      return;
    }
    let body: unknown = null;
    try {
      body = JSON.parse((error as Partial<DetailedError>).originalResponse?.getBody() ?? "null");
    } catch {
      body = null;
    }
    this.set(item, "failed", this.options.words(parseProblem(body, status)));
    this.next();
  }

  private again(item: Item): void {
    if (item.state === "broken") {
      item.state = "sending";
      item.upload?.start();
      this.options.onchange();
    }
  }

  private async finish(item: Item): Promise<void> {
    this.set(item, "finishing");
    const url = item.upload?.url ?? "";
    const id = new URL(url, location.href).pathname.split("/").pop() ?? "";
    for (;;) {
      try {
        await this.options.finish(id, item.job);
        break;
      } catch (error) {
        if (!this.items.includes(item)) {
          return;
        }
        const final = (error as { final?: unknown }).final;
        if (final === true) {
          /* The upload is spent or refused: trying the file again sends it anew. */
          await this.forget(url);
          item.upload = null;
          item.sent = 0;
          this.set(item, "failed", this.options.words(error));
          this.next();
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, item.backoff.next()));
      }
    }
    await this.forget(url);
    this.items = this.items.filter((i) => i !== item);
    this.next();
  }

  /* Entries that name this upload on the page's store. */
  private async forget(url: string | null): Promise<void> {
    const { urlStorage } = (await this.tus).defaultOptions;
    for (const entry of await urlStorage.findAllUploads()) {
      if (url !== null && entry.uploadUrl === url) {
        await urlStorage.removeUpload(entry.urlStorageKey);
      }
    }
  }

  /* What a reload or a crash of the browser has left half-way. */
  private async findInterrupted(): Promise<void> {
    const { defaultOptions } = await this.tus;
    for (const entry of await defaultOptions.urlStorage.findAllUploads()) {
      const url = entry.uploadUrl;
      const { filename = "", title = "", purpose = "walkthrough", key = "" } = entry.metadata;
      if (url === null || filename === "" || new URL(url, location.href).origin !== location.origin) {
        continue;
      }
      const response = await fetch(url, { method: "HEAD", headers: { "Tus-Resumable": "1.0.0" } }).catch(() => null);
      if (response !== null && (response.status === 404 || response.status === 410)) {
        await defaultOptions.urlStorage.removeUpload(entry.urlStorageKey);
        continue;
      }
      if (this.items.some((i) => i.name === filename && i.size === entry.size && i.state !== "interrupted")) {
        continue;
      }
      const item = this.item(filename, entry.size ?? 0, { purpose: purpose as Purpose, title, key }, null, entry);
      item.sent = Number(response?.headers.get("Upload-Offset") ?? 0);
      this.items = [...this.items, item];
    }
    this.options.onchange();
  }
}
