/* A walkthrough from files over HTTP, for browsers without WebRTC and networks that keep it out: HLS by the
 * browser itself where that is its own way, else by hls.js (fetched only then), else one progressive file.
 *
 *   loading → playing ⇄ paused → ended        stalled (no network, goes on by itself)        failed */
import type { Position } from "../core/playback";
import type Hls from "hls.js";

export type FileState = "loading" | Position["state"] | "stalled" | "failed";

export interface FileFilmOptions {
  readonly video: HTMLVideoElement;
  readonly hls: string | null;
  readonly mp4: string | null;
  /* For a private replay; sent with every request of hls.js. */
  readonly token: string | null;
  readonly from: number;
  readonly rate: number;
  readonly playing: boolean;
  readonly signal: AbortSignal;
  readonly onchange: (state: FileState, position: Position) => void;
  /* Starts the element in a way the page chose (sound may be refused). */
  readonly start: () => void;
}

export type Way = "native" | "hls.js" | "mp4";

const RETRY_EVERY = 2_000;
const HLS_TYPE = "application/vnd.apple.mpegurl";

/* The ways to try, best first. Browsers whose own way HLS is have no MediaSource, or the managed one. */
export function waysFor(
  film: { readonly hls: string | null; readonly mp4: string | null; readonly token: string | null },
  can: { readonly playsHls: boolean; readonly mediaSource: boolean; readonly managed: boolean },
): readonly Way[] {
  const ways: Way[] = [];
  if (film.hls !== null) {
    /* A private replay's key is in the page's requests alone: the browser would not send it on. */
    if (can.playsHls && (!can.mediaSource || can.managed) && film.token === null) {
      ways.push("native");
    }
    if (can.mediaSource || can.managed) {
      ways.push("hls.js");
    }
  }
  if (film.mp4 !== null) {
    ways.push("mp4");
  }
  return ways;
}

export class FileFilm {
  private ways: readonly Way[];
  private engine: Hls | null = null;
  private state: FileState = "loading";
  private retry: ReturnType<typeof setTimeout> | undefined;
  private recovered = false;
  private ended = false;
  /* Where a new way starts: what was reached by the one before. */
  private reached: number;

  constructor(private readonly options: FileFilmOptions) {
    const { video, signal } = options;
    this.reached = options.from;
    this.ways = waysFor(options, {
      playsHls: video.canPlayType(HLS_TYPE) !== "",
      mediaSource: "MediaSource" in globalThis,
      managed: "ManagedMediaSource" in globalThis,
    });
    const on = (name: string, act: () => void): void => video.addEventListener(name, act, { signal });
    on("timeupdate", () => this.tell());
    on("play", () => this.tell());
    on("pause", () => this.tell());
    on("seeked", () => this.tell());
    on("ratechange", () => this.tell());
    on("playing", () => this.become(video.paused ? "paused" : "playing"));
    on("ended", () => this.become("ended"));
    on("error", () => this.broken());
    signal.addEventListener("abort", () => this.close(), { once: true });
    void this.open();
  }

  play(): void {
    const { video } = this.options;
    if (this.state === "ended") {
      video.currentTime = 0;
    }
    this.ended = false;
    this.options.start();
  }

  pause(): void {
    this.options.video.pause();
  }

  seek(t: number): void {
    const { video } = this.options;
    this.reached = t;
    if (video.readyState > 0) {
      video.currentTime = t;
    }
    if (this.state === "ended") {
      this.play();
    }
  }

  rate(rate: number): void {
    this.options.video.defaultPlaybackRate = rate;
    this.options.video.playbackRate = rate;
  }

  /* After a failure: all ways once more. */
  again(): void {
    const { hls, mp4, token } = this.options;
    this.ways = waysFor({ hls, mp4, token }, { playsHls: false, mediaSource: "MediaSource" in globalThis, managed: "ManagedMediaSource" in globalThis });
    this.become("loading");
    void this.open();
  }

  private async open(): Promise<void> {
    const [way, ...rest] = this.ways;
    const { video, signal, hls, mp4 } = this.options;
    this.drop();
    if (way === undefined || signal.aborted) {
      if (!signal.aborted) {
        this.become("failed");
      }
      return;
    }
    this.ways = rest;
    this.recovered = false;
    if (way === "hls.js" && hls !== null) {
      try {
        await this.attach(hls);
      } catch {
        await this.open();
      }
      return;
    }
    video.src = (way === "native" ? hls : mp4) ?? "";
    video.addEventListener("loadedmetadata", () => this.ready(), { signal, once: true });
    video.load();
  }

  private async attach(url: string): Promise<void> {
    const { default: Hls } = await import("hls.js");
    const { video, signal, token } = this.options;
    if (signal.aborted) {
      return;
    }
    if (!Hls.isSupported()) {
      throw new Error("no media source");
    }
    const engine = new Hls({
      enableWorker: false /* our segments are fMP4 already: there is nothing to remux */,
      startPosition: this.reached,
      capLevelToPlayerSize: true,
      maxBufferLength: 20,
      maxMaxBufferLength: 60,
      ...(token === null ? {} : { xhrSetup: (xhr: XMLHttpRequest) => xhr.setRequestHeader("Authorization", `Bearer ${token}`) }),
    });
    this.engine = engine;
    engine.on(Hls.Events.MANIFEST_PARSED, () => this.ready());
    engine.on(Hls.Events.FRAG_LOADED, () => {
      if (this.state === "stalled") {
        this.become(video.paused ? "paused" : "playing");
      }
    });
    engine.on(Hls.Events.ERROR, (_, data) => {
      if (!data.fatal) {
        return;
      }
      const status = data.response?.code ?? 0;
      if (data.type === Hls.ErrorTypes.NETWORK_ERROR && (status === 0 || status >= 500)) {
        this.become("stalled");
        clearTimeout(this.retry);
        this.retry = setTimeout(() => {
          if (engine.levels.length === 0) {
            engine.loadSource(url);
          } else {
            engine.startLoad();
          }
        }, RETRY_EVERY);
      } else if (data.type === Hls.ErrorTypes.MEDIA_ERROR && !this.recovered) {
        this.recovered = true;
        engine.recoverMediaError();
      } else {
        void this.open();
      }
    });
    engine.loadSource(url);
    engine.attachMedia(video);
  }

  private ready(): void {
    const { video, playing, rate } = this.options;
    if (this.engine === null && this.reached > 0) {
      video.currentTime = this.reached;
    }
    video.defaultPlaybackRate = rate;
    video.playbackRate = rate;
    if (playing && !this.ended) {
      this.options.start();
    } else {
      this.become("paused");
    }
  }

  private broken(): void {
    if (this.engine === null && this.options.video.error !== null && this.state !== "failed") {
      void this.open();
    }
  }

  private become(state: FileState): void {
    this.state = state;
    this.ended = state === "ended";
    this.tell();
  }

  private tell(): void {
    const { video } = this.options;
    if (video.readyState > 0 && !video.seeking) {
      this.reached = video.currentTime;
    }
    if ((this.state === "playing" || this.state === "paused" || this.state === "ended") && !video.ended) {
      this.state = video.paused ? "paused" : "playing";
    }
    const duration = Number.isFinite(video.duration) ? video.duration : 0;
    const state = this.state === "playing" || this.state === "ended" ? this.state : "paused";
    this.options.onchange(this.state, { state, t: this.reached, rate: video.playbackRate, duration });
  }

  private drop(): void {
    clearTimeout(this.retry);
    this.engine?.destroy();
    this.engine = null;
  }

  private close(): void {
    this.drop();
    const { video } = this.options;
    video.pause();
    video.removeAttribute("src");
    video.load();
  }
}
