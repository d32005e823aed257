/* Plays one walkthrough over WHEP and steers it: the page and the embed differ only in what is drawn
 * around the player. Where WebRTC is missing or does not come through, the same is played from files. */
import { html, nothing, render, type TemplateResult } from "lit";
import { iceServersOf, parseWalkthroughBoot, type Walkthrough } from "./core/boot";
import { NO_LAYERS, pickable, timeAt, type Layers, type Playback, type Position } from "./core/playback";
import { parseStoryboard, type Tile } from "./core/storyboard";
import { t } from "./core/strings";
import { cuesAt, parseVtt, type Cue } from "./core/vtt";
import { FileFilm, type FileState } from "./media/file-film";
import { createRtcPeer, hasWebRtc } from "./media/rtc-peer";
import type { MediaSession, SessionState } from "./media/session";
import { watchWalkthrough } from "./media/whep";
import { words } from "./net/api";
import { control, watchPosition, type Control } from "./net/playback";
import type { InMyRoom } from "./in-my-room";
import { fetchMyRoom, openMyRoom } from "./room-door";
import { Windows } from "./net/windows";
import type { Size } from "./core/windows";
import type { FilmAsking } from "./film-asking";
import { copyText, keepAwake, startPage, stillAlive, watchNetwork } from "./page";
import type { Player, PlayerState } from "./ui/player";
import "./ui/closed";
import "./ui/player";
import "./ui/walkthrough-page";

/* While a finger drags, the server is asked for a new second at most this often. */
const SCRUB_EVERY = 180;
const DRAW_EVERY = 100;
const COPIED_STAYS = 2_500;
/* A pause this long gives the server its session back; playing again opens one at that second. */
const KEEP_PAUSED = 10 * 60_000;

/* A path that has not come up after this is not waited for: ICE answers in milliseconds where it can. */
const FILES_AFTER = 5_000;
/* One that was there and was lost gets longer to come back. */
const FILES_AFTER_LOSS = 12_000;
const NOTE_STAYS = 9_000;

export interface Surroundings {
  readonly embed: boolean;
}

export class WalkthroughPlayer {
  private session: MediaSession | null = null;
  private sessionState: SessionState = { name: "connecting" };
  private location: string | null = null;
  private steering = new AbortController();
  private playback: Playback;
  private wish: { playing: boolean; rate: number; rung: string } = { playing: true, rate: 1, rung: "auto" };
  private layers: Layers = NO_LAYERS;
  private readonly windows: Windows;
  private stream: MediaStream | null = null;
  private started = false;
  private muted = false;
  private soundRefused = false;
  private volume = 1;
  private captionsOn: boolean;
  private cues: readonly Cue[] = [];
  private copied = false;
  private scrubTimer: ReturnType<typeof setTimeout> | undefined;
  private scrubTo: number | null = null;
  private pausedTimer: ReturnType<typeof setTimeout> | undefined;
  private awake: AbortController | null = null;
  private readonly canVolume: boolean;
  private myRoom: InMyRoom | null = null;
  private files: FileFilm | null = null;
  private filesState: FileState = "loading";
  private filesLife = new AbortController();
  private filesTimer: ReturnType<typeof setTimeout> | undefined;
  private note = "";
  private tiles: readonly Tile[] = [];
  private asking: FilmAsking | null = null;

  constructor(
    private readonly host: HTMLElement,
    private readonly walkthrough: Walkthrough,
    private readonly company: string,
    private readonly iceServers: readonly RTCIceServer[],
    private readonly surroundings: Surroundings,
    /* An invite, for the replay of its visit. */
    private readonly token: string | null,
  ) {
    this.playback = { state: "paused", t: startOf(location), rate: 1, duration: walkthrough.duration, at: 0 };
    this.captionsOn = false;
    this.windows = new Windows(token, new AbortController().signal);
    /* Where volume belongs to the device's keys alone, the slider would lie. */
    const probe = document.createElement("audio");
    probe.volume = 0.5;
    this.canVolume = probe.volume === 0.5;
    document.addEventListener("keydown", (event) => this.player?.key(event));
    globalThis.addEventListener("pagehide", () => this.stop());
    watchNetwork(new AbortController().signal, () => this.session?.check());
    setInterval(() => {
      if (this.playback.state === "playing" && this.started) {
        this.draw();
      }
    }, DRAW_EVERY);
    void this.loadCaptions();
    void this.loadTiles();
    this.draw();
    if (!surroundings.embed && playsByItself()) {
      this.play();
    }
    if (!surroundings.embed) {
      void this.loadAsking();
    }
  }

  private async loadAsking(): Promise<void> {
    try {
      const { FilmAsking: Asking } = await import("./film-asking");
      this.asking = new Asking({
        slug: this.walkthrough.slug,
        invite: this.token,
        now: () => this.now,
        hold: () => this.hold(),
        seek: (t) => this.seek(t),
        draw: () => this.draw(),
      });
    } catch {
      return; /* the film plays without */
    }
    this.draw();
  }

  /* Pauses for a while; what it gives goes on, if it played. */
  private hold(): () => void {
    const playing = this.started && this.wish.playing && !this.atEnd;
    if (playing) {
      this.pause();
    }
    return () => {
      if (playing) {
        this.play();
      }
    };
  }

  private get player(): Player | null {
    return this.host.querySelector("pl-player");
  }

  private get now(): number {
    return timeAt(this.playback, performance.now());
  }

  private open(): void {
    this.started = true;
    if (!hasWebRtc()) {
      this.playFiles(t("player.files_browser"));
      return;
    }
    this.waitForFiles(FILES_AFTER);
    const life = new AbortController();
    this.session = watchWalkthrough(this.walkthrough.slug, {
      createPeer: createRtcPeer,
      iceServers: this.iceServers,
      signal: life.signal,
      token: this.token,
      from: () => (this.atEnd ? 0 : this.now),
      onstate: (state) => this.sessionChanged(state),
      onsession: (slots, location) => {
        this.stream = new MediaStream([...slots.video, ...slots.audio]);
        this.steer(location);
      },
    });
  }

  /* A new session: listen to its position and bring it to what the person last wished. */
  private steer(location: string): void {
    this.steering.abort();
    this.steering = new AbortController();
    this.location = location;
    this.layers = NO_LAYERS;
    this.windows.moved(location);
    watchPosition(location, this.steering.signal, {
      position: (position) => this.heard(position),
      layers: (layers) => {
        this.layers = layers;
        this.draw();
      },
    });
    if (this.wish.rung !== "auto") {
      this.send({ action: "layer", slot: 0, rung: this.wish.rung });
    }
    if (this.wish.rate !== 1) {
      this.send({ action: "rate", rate: this.wish.rate });
    }
    if (!this.wish.playing) {
      this.send({ action: "pause" });
    }
    this.draw();
  }

  private heard(position: Position): void {
    if (this.scrubTo === null) {
      this.playback = { ...position, duration: position.duration || this.walkthrough.duration, at: performance.now() };
    }
    this.stayAwake(position.state === "playing");
    this.draw();
  }

  private stayAwake(on: boolean): void {
    if (on && this.awake === null) {
      this.awake = new AbortController();
      keepAwake(this.awake.signal);
    } else if (!on) {
      this.awake?.abort();
      this.awake = null;
    }
  }

  private sessionChanged(state: SessionState): void {
    const now = this.now;
    this.sessionState = state;
    if (this.stream !== null && stillAlive([this.stream]).length === 0) {
      this.stream = null;
    }
    if (state.name === "connected") {
      clearTimeout(this.filesTimer);
      this.filesTimer = undefined;
    } else if (state.name === "reconnecting") {
      this.waitForFiles(FILES_AFTER_LOSS);
    } else if (state.name === "failed" && (state.problem.status >= 500 || state.problem.status === 429 || state.problem.status === 422) && this.hasFiles) {
      void this.leaveForFiles();
    }
    if (state.name === "connected") {
      if (this.wish.playing && this.playback.state !== "playing") {
        this.playback = { ...this.playback, state: "playing", t: now, at: performance.now() };
      }
    } else {
      /* What does not arrive does not move on. */
      const state = this.playback.state === "playing" ? "paused" : this.playback.state;
      this.playback = { ...this.playback, state, t: now, at: performance.now() };
    }
    this.draw();
  }

  private get hasFiles(): boolean {
    return this.walkthrough.hls !== null || this.walkthrough.mp4 !== null;
  }

  private waitForFiles(after: number): void {
    if (this.hasFiles) {
      this.filesTimer ??= setTimeout(() => {
        this.filesTimer = undefined;
        void this.leaveForFiles();
      }, after);
    }
  }

  /* Gives the session up, unless the server itself cannot be reached: files would not come either. */
  private async leaveForFiles(): Promise<void> {
    const { hls, mp4 } = this.walkthrough;
    const there = await fetch(hls ?? mp4 ?? "", { method: "HEAD", ...(this.token === null ? {} : { headers: { Authorization: `Bearer ${this.token}` } }) }).then(
      (response) => response.ok,
      () => false,
    );
    if (this.files !== null || this.session === null || this.session.current.name === "connected" || !this.started) {
      return;
    }
    if (there) {
      this.playFiles(t("player.files_network"));
    } else if (this.session.current.name !== "failed") {
      this.waitForFiles(FILES_AFTER);
    }
  }

  private playFiles(note: string): void {
    const { player } = this;
    if (!this.hasFiles || player === null) {
      this.filesState = "failed";
      this.draw();
      return;
    }
    const from = this.atEnd ? 0 : this.now;
    this.steering.abort();
    this.session?.close();
    this.session = null;
    this.location = null;
    this.stream = null;
    this.filesState = "loading";
    this.note = note;
    setTimeout(() => {
      this.note = "";
      this.draw();
    }, NOTE_STAYS);
    this.draw();
    this.filesLife = new AbortController();
    void player.updateComplete.then(() => {
      this.files = new FileFilm({
        video: player.element,
        hls: this.walkthrough.hls,
        mp4: this.walkthrough.mp4,
        token: this.token,
        from,
        rate: this.wish.rate,
        playing: this.wish.playing,
        signal: this.filesLife.signal,
        start: () => void player.start(),
        onchange: (state, position) => {
          this.filesState = state;
          this.heard(position);
        },
      });
    });
  }

  private send(command: Control): void {
    const { location } = this;
    if (location === null) {
      return;
    }
    control(location, command, this.steering.signal).then(
      (position) => this.heard(position),
      (error: unknown) => {
        /* A session the server no longer knows is replaced; it resumes at this second. */
        if (!(error instanceof DOMException)) {
          this.session?.check();
        }
      },
    );
  }

  private play(): void {
    clearTimeout(this.pausedTimer);
    this.wish = { ...this.wish, playing: true };
    if (this.files !== null) {
      this.files.play();
      return;
    }
    if (this.session === null) {
      this.open();
      this.draw();
      return;
    }
    if (this.atEnd) {
      this.seek(0);
    }
    this.playback = { ...this.playback, state: "playing", at: performance.now() };
    this.send({ action: "play" });
    this.draw();
  }

  private pause(): void {
    this.playback = { ...this.playback, state: "paused", t: this.now, at: performance.now() };
    this.wish = { ...this.wish, playing: false };
    if (this.files !== null) {
      this.files.pause();
      this.draw();
      return;
    }
    this.send({ action: "pause" });
    clearTimeout(this.pausedTimer);
    this.pausedTimer = setTimeout(() => this.stop(), KEEP_PAUSED);
    this.draw();
  }

  private seek(t: number): void {
    clearTimeout(this.scrubTimer);
    this.scrubTimer = undefined;
    this.scrubTo = null;
    const ended = this.atEnd;
    this.playback = { ...this.playback, t, at: performance.now(), ...(ended ? { state: "paused" as const } : {}) };
    if (this.files !== null) {
      this.files.seek(t);
      this.draw();
      return;
    }
    if (this.session === null) {
      this.play();
      return;
    }
    this.send({ action: "seek", t });
    if (ended) {
      this.wish = { ...this.wish, playing: true };
      this.playback = { ...this.playback, state: "playing" };
      this.send({ action: "play" });
    }
    this.draw();
  }

  private scrub(t: number): void {
    this.scrubTo = t;
    this.playback = { ...this.playback, t, at: performance.now() };
    this.scrubTimer ??= setTimeout(() => {
      this.scrubTimer = undefined;
      if (this.scrubTo !== null && this.files !== null) {
        this.files.seek(this.scrubTo);
      } else if (this.scrubTo !== null) {
        this.send({ action: "seek", t: this.scrubTo });
      }
    }, SCRUB_EVERY);
    this.draw();
  }

  private setRate(rate: number): void {
    this.playback = { ...this.playback, t: this.now, rate, at: performance.now() };
    this.wish = { ...this.wish, rate };
    this.files?.rate(rate);
    this.send({ action: "rate", rate });
    this.draw();
  }

  private setRung(rung: string): void {
    this.wish = { ...this.wish, rung };
    this.send({ action: "layer", slot: 0, rung });
    this.draw();
  }

  private stop(): void {
    this.playback = { ...this.playback, t: this.now, state: this.playback.state === "ended" ? "ended" : "paused", at: performance.now() };
    clearTimeout(this.filesTimer);
    this.filesTimer = undefined;
    this.filesLife.abort();
    this.files = null;
    this.steering.abort();
    this.session?.close();
    this.session = null;
    this.location = null;
    this.stayAwake(false);
  }

  private async loadTiles(): Promise<void> {
    const { storyboard } = this.walkthrough;
    if (storyboard === null) {
      return;
    }
    try {
      const response = await fetch(storyboard);
      this.tiles = response.ok ? parseStoryboard(await response.text(), new URL(storyboard, location.href).href) : [];
    } catch {
      this.tiles = []; /* seconds can be chosen by their number too */
    }
    this.draw();
  }

  private async loadCaptions(): Promise<void> {
    const all = this.walkthrough.captions;
    const chosen = all.find((c) => navigator.languages.some((l) => l.split("-")[0] === c.lang.split("-")[0])) ?? all[0];
    if (chosen === undefined) {
      return;
    }
    try {
      const response = await fetch(chosen.url);
      this.cues = response.ok ? parseVtt(await response.text()) : [];
    } catch {
      this.cues = [];
    }
    this.draw();
  }

  /* Also in the moment before the server has said so. */
  private get atEnd(): boolean {
    const { state, duration } = this.playback;
    return state === "ended" || (state === "playing" && duration > 0 && this.now >= duration && this.scrubTo === null);
  }

  private state(): PlayerState {
    if (!this.started) {
      return "idle";
    }
    if (this.files !== null || (!hasWebRtc() && this.session === null)) {
      switch (this.filesState) {
        case "loading":
          return "connecting";
        case "stalled":
          return "reconnecting";
        case "failed":
        case "playing":
        case "paused":
        case "ended":
          return this.filesState;
      }
    }
    switch (this.sessionState.name) {
      case "failed":
        return "failed";
      case "connecting":
        return this.session === null ? "paused" : "connecting";
      case "reconnecting":
        return "reconnecting";
      case "connected":
      case "closed":
        return this.atEnd ? "ended" : this.playback.state;
    }
  }

  private draw(): void {
    render(this.content(), this.host);
  }

  private content(): TemplateResult {
    const now = this.now;
    const w = this.walkthrough;
    const failure =
      this.filesState === "failed"
        ? t("error.browser")
        : this.sessionState.name === "failed"
          ? words(this.sessionState.problem, t("error.offline"), t("error.odd"))
          : "";
    const player = html`<pl-player
      .title=${w.title}
      .state=${this.state()}
      .poster=${w.poster ?? ""}
      .aspect=${`${w.width} / ${w.height}`}
      .matte=${w.matte_layout}
      .canPlace=${w.matte_layout !== null}
      @pl-my-room-near=${() => fetchMyRoom()}
      @pl-my-room=${() => void this.openMyRoom()}
      .stream=${this.stream}
      .time=${now}
      .duration=${this.playback.duration || w.duration}
      .rate=${this.wish.rate}
      .volume=${this.volume}
      .muted=${this.muted}
      .soundRefused=${this.soundRefused}
      .canVolume=${this.canVolume}
      .hasCaptions=${this.cues.length > 0}
      .captions=${this.captionsOn}
      .caption=${cuesAt(this.cues, now).map((cue) => cue.text).join("\n")}
      .chapters=${w.chapters}
      .tiles=${this.tiles}
      .rungs=${this.files === null ? pickable(this.layers) : []}
      .rung=${this.wish.rung}
      .rungSent=${this.layers.current}
      .marks=${this.asking?.marks ?? []}
      .offered=${this.asking?.offered(now) ?? null}
      .note=${this.note}
      .failure=${failure}
      .fillsPage=${this.surroundings.embed}
      @pl-play=${() => this.play()}
      @pl-pause=${() => this.pause()}
      @pl-seek=${(e: CustomEvent<number>) => this.seek(e.detail)}
      @pl-scrub=${(e: CustomEvent<number>) => this.scrub(e.detail)}
      @pl-rung=${(e: CustomEvent<string>) => this.setRung(e.detail)}
      @pl-shown=${(e: CustomEvent<Size>) => this.windows.shown(0, e.detail)}
      @pl-rate=${(e: CustomEvent<number>) => this.setRate(e.detail)}
      @pl-volume=${(e: CustomEvent<number>) => {
        this.volume = e.detail;
        this.muted = e.detail === 0;
        this.soundRefused = false;
        this.draw();
      }}
      @pl-mute=${(e: CustomEvent<boolean>) => {
        this.muted = e.detail;
        this.soundRefused = false;
        this.draw();
      }}
      @pl-refused=${() => {
        this.muted = true;
        this.soundRefused = true;
        this.draw();
      }}
      @pl-captions=${(e: CustomEvent<boolean>) => {
        this.captionsOn = e.detail;
        this.draw();
      }}
      @pl-answer=${(e: CustomEvent<string>) => this.asking?.show(e.detail)}
      @pl-retry=${() => (this.files === null ? this.session?.again() : this.files.again())}
    ></pl-player>`;
    if (this.surroundings.embed) {
      return html`<main class="whole" aria-label=${w.title}>
        <h1 class="unseen">${w.title}</h1>
        ${player}
      </main>`;
    }
    return html`<pl-walkthrough-page
      .walkthrough=${w}
      .company=${this.company}
      .time=${now}
      .copied=${this.copied}
      @pl-copy=${() => void this.copy()}
      @pl-seek=${(e: CustomEvent<number>) => {
        if ((e.target as HTMLElement).tagName === "PL-WALKTHROUGH-PAGE") {
          this.seek(e.detail);
        }
      }}
      >${player}${this.asking?.section() ?? nothing}</pl-walkthrough-page
      >${this.asking?.dialogs() ?? nothing}`;
  }

  private async openMyRoom(): Promise<void> {
    const { matte_layout: layout, product } = this.walkthrough;
    const { player } = this;
    if (this.myRoom !== null || player === null) {
      return;
    }
    try {
      this.myRoom = await openMyRoom({
        who: t("inroom.somebody"),
        closing: t("inroom.close_film"),
        products: product !== null && (product.model !== null || product.size_mm !== null) ? [product] : [],
        phone: "",
        signal: new AbortController().signal,
        onclose: () => (this.myRoom = null),
      });
      this.myRoom?.show(layout === null ? null : { stream: null, video: player.element, layout, marks: null });
    } catch {
      this.note = t("error.offline");
      this.draw();
    }
  }

  private async copy(): Promise<void> {
    this.copied = await copyText(new URL(location.pathname, location.href).href);
    this.draw();
    setTimeout(() => {
      this.copied = false;
      this.draw();
    }, COPIED_STAYS);
  }
}

/* `?t=12.5` in a link starts there. */
function startOf(where: Location): number {
  const t = Number(new URLSearchParams(where.search).get("t") ?? 0);
  return Number.isFinite(t) && t > 0 ? t : 0;
}

/* Not where people asked for less motion or less data. */
function playsByItself(): boolean {
  const { connection } = navigator as Navigator & { connection?: { saveData?: boolean } };
  return !matchMedia("(prefers-reduced-motion: reduce)").matches && connection?.saveData !== true;
}

export function startWalkthrough(surroundings: Surroundings): void {
  const { host, boot } = startPage();
  const parsed = parseWalkthroughBoot(boot);
  if (!parsed.ok) {
    const missing = parsed.error.status === 404 || parsed.error.status === 410;
    render(
      html`<pl-closed
        .company=${parsed.company}
        .heading=${t(missing ? "closed.walkthrough" : "closed.other")}
        .text=${missing ? t("closed.walkthrough_more") : parsed.error.detail}
      ></pl-closed>`,
      host,
    );
  } else if (!hasWebRtc() && parsed.boot.walkthrough.hls === null && parsed.boot.walkthrough.mp4 === null) {
    render(html`<pl-closed .heading=${t("closed.other")} .text=${t("error.browser")}></pl-closed>`, host);
  } else {
    const { walkthrough, company, ice_servers: servers } = parsed.boot;
    const token = new URLSearchParams(location.search).get("invite");
    new WalkthroughPlayer(host, walkthrough, company.name, iceServersOf(servers), surroundings, token);
  }
}
