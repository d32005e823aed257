/* <pl-player>: the picture of a walkthrough and all that steers it. Emits `pl-play`, `pl-pause`,
 * `pl-scrub`, `pl-seek` (seconds), `pl-rate`, `pl-volume` (0..1), `pl-mute` (boolean), `pl-captions`
 * (boolean), `pl-rung` (the name of a rung, or "auto"), `pl-shown` (how large the picture is shown, a
 * Size), `pl-answer` (id of the question that is offered), `pl-retry`, `pl-my-room`, `pl-my-room-near`. */
import { html, LitElement, nothing, type PropertyValues } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import type { MatteLayout } from "../core/matte-layout";
import { chapterAt, RATES } from "../core/playback";
import { t } from "../core/strings";
import { clock } from "../core/time";
import { shownSize } from "../core/windows";
import { showMatte } from "../matte/view";
import { emit } from "./events";
import { icon, type IconName } from "./icons";
import { playerStyle } from "./player-style";
import { onPicture, shared } from "./styles";
import type { Tile } from "../core/storyboard";
import "./seek-bar";

export type PlayerState = "idle" | "connecting" | "playing" | "paused" | "ended" | "reconnecting" | "failed";

const IDLE_AFTER = 2_600;
const JUMP = 10;

@customElement("pl-player")
export class Player extends LitElement {
  @property() override title = "";
  @property() state: PlayerState = "idle";
  @property() poster = "";
  @property() aspect = "16 / 9";
  @property({ attribute: false }) stream: MediaStream | null = null;
  /* The picture is a stacked one: the person is shown before a calm ground, the stacked picture never. */
  @property({ attribute: false }) matte: MatteLayout | null = null;
  /* There is somebody to be put into the viewer's own room. */
  @property({ type: Boolean }) canPlace = false;
  @property({ type: Number }) time = 0;
  @property({ type: Number }) duration = 0;
  @property({ type: Number }) rate = 1;
  @property({ type: Number }) volume = 1;
  @property({ type: Boolean }) muted = false;
  /* The browser refused sound: say so with one big button. */
  @property({ type: Boolean }) soundRefused = false;
  @property({ type: Boolean }) canVolume = true;
  @property({ type: Boolean }) hasCaptions = false;
  @property({ type: Boolean }) captions = false;
  @property() caption = "";
  @property({ attribute: false }) chapters: readonly { t: number; title: string }[] = [];
  /* Pictures of the seek bar. */
  @property({ attribute: false }) tiles: readonly Tile[] = [];
  /* The rungs that may be picked, the best first; which one is, or "auto"; and which one is sent. */
  @property({ attribute: false }) rungs: readonly string[] = [];
  @property() rung = "auto";
  @property() rungSent = "";
  /* Seconds of answered questions, and the one that is offered now. */
  @property({ attribute: false }) marks: readonly number[] = [];
  @property({ attribute: false }) offered: { readonly id: string; readonly text: string } | null = null;
  @property() failure = "";
  /* A quiet line about how it plays; "" mostly. */
  @property() note = "";
  @property({ type: Boolean, reflect: true }) fillsPage = false;
  @state() private moving = false;
  @state() private idle = false;
  @state() private menu: "" | "speed" | "rung" = "";
  @state() private full = false;
  @query("video") private readonly video!: HTMLVideoElement;
  private idleTimer: ReturnType<typeof setTimeout> | undefined;
  private composing = new AbortController();
  private readonly sizes = "ResizeObserver" in globalThis ? new ResizeObserver(() => this.tellShown()) : null;

  static override styles = [shared, onPicture, playerStyle];

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener("fullscreenchange", this.fullChanged);
    this.sizes?.observe(this);
    if (this.hasUpdated) {
      this.compose();
    }
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("fullscreenchange", this.fullChanged);
    this.sizes?.disconnect();
    clearTimeout(this.idleTimer);
    this.composing.abort();
  }

  private readonly fullChanged = (): void => {
    this.full = document.fullscreenElement === this;
  };

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has("matte")) {
      this.compose();
    }
    if (changed.has("stream")) {
      this.moving = false;
      this.video.srcObject = this.stream;
      if (this.stream !== null) {
        void this.start();
      }
    }
    if (changed.has("volume")) {
      this.video.volume = this.volume;
    }
    if (changed.has("state")) {
      this.wake();
    }
  }

  /* A stacked picture is larger than what is shown of it. */
  private tellShown(): void {
    if (this.hasUpdated && this.matte === null) {
      const { width, height } = this.video.getBoundingClientRect();
      const { videoWidth, videoHeight } = this.video;
      emit(this, "pl-shown", shownSize({ width, height }, "contain", videoHeight === 0 ? 0 : videoWidth / videoHeight, devicePixelRatio));
    }
  }

  private compose(): void {
    this.composing.abort();
    this.composing = new AbortController();
    if (this.matte !== null) {
      const ground = this.renderRoot.querySelector(".ground") as Element;
      showMatte({ video: this.video, host: ground, layout: this.matte, signal: this.composing.signal, onpicture: () => (this.moving = true) });
    }
  }

  private shown(): void {
    this.moving ||= this.matte === null;
  }

  /* For who plays a file in it instead of a stream. */
  get element(): HTMLVideoElement {
    return this.video;
  }

  /* Plays with sound, or without where the browser refuses it; `pl-refused` tells which. */
  async start(): Promise<void> {
    try {
      await this.video.play();
    } catch (error) {
      if (error instanceof DOMException && error.name === "NotAllowedError" && !this.video.muted) {
        this.video.muted = true;
        emit(this, "pl-refused");
        await this.video.play().catch(() => undefined);
      }
    }
  }

  private wake(): void {
    this.idle = false;
    clearTimeout(this.idleTimer);
    if (this.state === "playing") {
      this.idleTimer = setTimeout(() => {
        this.idle = this.menu === "";
      }, IDLE_AFTER);
    }
  }

  private get running(): boolean {
    return this.state === "playing" || this.state === "connecting" || this.state === "reconnecting";
  }

  toggle(): void {
    if (this.state === "playing") {
      emit(this, "pl-pause");
    } else if (this.state !== "connecting" && this.state !== "reconnecting") {
      emit(this, "pl-play");
    }
  }

  /* A device that lets only the video itself fill the screen would show it stacked. */
  private get canFill(): boolean {
    return this.matte === null || typeof this.requestFullscreen === "function";
  }

  private async fullscreen(): Promise<void> {
    if (document.fullscreenElement !== null) {
      await document.exitFullscreen();
      return;
    }
    /* iPhone lets only the video itself fill the screen. */
    const video = this.video as HTMLVideoElement & { webkitEnterFullscreen?: () => void };
    if (typeof this.requestFullscreen === "function") {
      await this.requestFullscreen().catch(() => undefined);
    } else if (this.matte === null) {
      video.webkitEnterFullscreen?.();
    }
  }

  /* The player's keys; the page gives on what nobody else took. */
  key(event: KeyboardEvent): void {
    const at = event.composedPath()[0];
    if (event.ctrlKey || event.metaKey || event.altKey || at instanceof HTMLTextAreaElement || (at instanceof HTMLInputElement && at.type !== "range")) {
      return;
    }
    const onButton = at instanceof HTMLButtonElement || at instanceof HTMLAnchorElement;
    switch (event.key) {
      case " ":
        if (onButton && !at.classList.contains("tap")) {
          return;
        }
        this.toggle();
        break;
      case "k":
        this.toggle();
        break;
      case "j":
        emit(this, "pl-seek", Math.max(0, this.time - JUMP));
        break;
      case "l":
        emit(this, "pl-seek", Math.min(this.duration, this.time + JUMP));
        break;
      case "m":
        emit(this, "pl-mute", !this.muted);
        break;
      case "c":
        if (this.hasCaptions) {
          emit(this, "pl-captions", !this.captions);
        }
        break;
      case "f":
        void this.fullscreen();
        break;
      case "Escape":
        this.menu = "";
        return;
      default:
        return;
    }
    event.preventDefault();
    this.wake();
  }

  override render() {
    const chapter = this.chapters[chapterAt(this.chapters, this.time)];
    const started = this.state !== "idle";
    const idle = this.idle && this.state === "playing";
    return html`<div
      class="frame ${idle ? "idle" : started ? "up" : ""}"
      style="aspect-ratio:${this.aspect}"
      role="group"
      aria-label=${t("player.label", { title: this.title })}
      @pointermove=${() => this.wake()}
      @focusin=${() => this.wake()}
    >
      <video
        autoplay
        playsinline
        .muted=${this.muted}
        aria-hidden="true"
        class=${this.matte === null ? "" : "stacked"}
        ?disablepictureinpicture=${this.matte !== null}
        @playing=${() => this.shown()}
        @resize=${() => this.tellShown()}
        @loadeddata=${() => this.shown()}
      ></video>
      ${this.matte === null ? nothing : html`<div class="ground"></div>`}
      ${this.poster === ""
        ? nothing
        : html`<img class=${started && this.moving && this.state !== "ended" ? "gone" : ""} src=${this.poster} alt="" @error=${(e: Event) => (e.target as HTMLElement).remove()} />`}
      <button class="tap" aria-hidden="true" tabindex="-1" @click=${() => this.toggle()}></button>
      ${this.captions && this.caption !== "" && (this.state === "playing" || this.state === "paused") ? html`<div class="caption"><span>${this.caption}</span></div>` : nothing}
      <div class="centre">${this.centre()}</div>
      ${this.canPlace && started
        ? html`<button class="place" @pointerenter=${() => emit(this, "pl-my-room-near")} @click=${() => emit(this, "pl-my-room")}>${icon("inRoom")}${t("inroom.button")}</button>`
        : nothing}
      <div role="status">${this.note === "" ? nothing : html`<p class="note glass">${this.note}</p>`}</div>
      ${this.offered === null || !started ? nothing : this.offer(this.offered)}
      ${this.soundRefused && this.state === "playing"
        ? html`<button class="hear" @click=${() => emit(this, "pl-mute", false)}>${icon("volume")}${t("player.hear")}</button>`
        : nothing}
      ${started
        ? html`<div class="controls" role="group" aria-label=${t("player.controls")}>
            <pl-seek-bar
              .time=${this.time}
              .duration=${this.duration}
              .ready=${this.state === "playing" || this.state === "paused" || this.state === "ended"}
              .chapters=${this.chapters}
              .marks=${this.marks}
              .tiles=${this.tiles}
            ></pl-seek-bar>
            <div class="row">
              ${this.button(
                this.state === "ended" ? "replay" : this.running ? "pause" : "play",
                t(this.state === "ended" ? "player.replay" : this.running ? "player.pause" : "player.play"),
                () => this.toggle(),
              )}
              <div class="volume">
                ${this.button(this.muted ? "volumeOff" : "volume", t(this.muted ? "player.unmute" : "player.mute"), () => emit(this, "pl-mute", !this.muted))}
                ${this.canVolume
                  ? html`<input
                      type="range"
                      min="0"
                      max="1"
                      step="0.05"
                      aria-label=${t("player.volume")}
                      .value=${String(this.muted ? 0 : this.volume)}
                      @input=${(e: Event) => emit(this, "pl-volume", Number((e.target as HTMLInputElement).value))}
                    />`
                  : nothing}
              </div>
              <span class="time">${clock(this.time)}<span class="of"> / ${clock(this.duration)}</span>${chapter === undefined ? nothing : html`<span class="chapter"> · ${chapter.title}</span>`}</span>
              ${this.choice("speed", `${this.rate}×`, t("player.speed_value", { rate: this.rate }), RATES.map((rate) => [`${rate}×`, rate === this.rate, () => emit(this, "pl-rate", rate)]))}
              ${this.rungs.length === 0 ? nothing : this.quality()}
              ${this.hasCaptions
                ? this.button(this.captions ? "captions" : "captionsOff", t(this.captions ? "player.captions_off" : "player.captions_on"), () => emit(this, "pl-captions", !this.captions))
                : nothing}
              ${this.canFill ? this.button(this.full ? "minimize" : "maximize", t(this.full ? "player.fullscreen_leave" : "player.fullscreen"), () => void this.fullscreen()) : nothing}
            </div>
          </div>`
        : nothing}
    </div>`;
  }

  private offer({ id, text }: { readonly id: string; readonly text: string }) {
    return html`<button class="offer glass" @click=${() => emit(this, "pl-answer", id)}>${icon("ask")}<span>${t("filmask.offer", { text })}</span></button>`;
  }

  private button(name: IconName, label: string, onclick: () => void) {
    return html`<button aria-label=${label} title=${label} @click=${onclick}>${icon(name)}</button>`;
  }

  private centre() {
    switch (this.state) {
      case "idle":
        return html`<button class="start" aria-label=${t("player.play")} @click=${() => emit(this, "pl-play")}>${icon("play")}</button>`;
      case "ended":
        return html`<button class="start" aria-label=${t("player.replay")} @click=${() => emit(this, "pl-play")}>${icon("replay")}</button>`;
      case "connecting":
        return html`<p class="word glass" role="status"><span class="spin" aria-hidden="true"></span>${t("player.connecting")}</p>`;
      case "reconnecting":
        return html`<p class="word glass" role="status"><span class="spin" aria-hidden="true"></span>${t("player.reconnecting", { t: clock(this.time) })}</p>`;
      case "failed":
        return html`<div class="failed glass" role="alert">
          <b>${t("player.failed")}</b>
          <span class="small">${this.failure}</span>
          <button @click=${() => emit(this, "pl-retry")}>${t("common.retry")}</button>
        </div>`;
      case "playing":
      case "paused":
        return nothing;
    }
  }

  private quality() {
    const auto = this.rung === "auto";
    const name = (rung: string): string => (rung === "auto" ? t("player.quality_auto") : rung);
    const words = auto && this.rungSent !== "" ? t("player.quality_auto_value", { rung: this.rungSent }) : t("player.quality_value", { rung: name(this.rung) });
    return this.choice(
      "rung",
      name(this.rung),
      words,
      ["auto", ...this.rungs].map((rung) => [name(rung), rung === this.rung, () => emit(this, "pl-rung", rung)]),
    );
  }

  /* A button that opens a list to choose from. */
  private choice(menu: "speed" | "rung", word: string, label: string, options: readonly (readonly [string, boolean, () => void])[]) {
    const open = this.menu === menu;
    return html`<div
      class="choice"
      @focusout=${(e: FocusEvent) => {
        if (open && !(e.relatedTarget instanceof Node && (e.currentTarget as Node).contains(e.relatedTarget))) {
          this.menu = "";
        }
      }}
    >
      <button class="word-button" aria-label=${label} aria-expanded=${open} @click=${() => (this.menu = open ? "" : menu)}>${word}</button>
      ${open
        ? html`<ul aria-label=${t(menu === "speed" ? "player.speed" : "player.quality")}>
            ${options.map(
              ([name, chosen, choose]) => html`<li>
                <button
                  aria-pressed=${chosen}
                  @click=${() => {
                    this.menu = "";
                    choose();
                  }}
                >
                  ${name}${chosen ? icon("check") : nothing}
                </button>
              </li>`,
            )}
          </ul>`
        : nothing}
    </div>`;
  }
}
