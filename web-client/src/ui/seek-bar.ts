/* <pl-seek-bar>: where a walkthrough is. Any second can be shown at once while the session is up, so
 * the light part is the whole bar or nothing. Emits `pl-scrub` (seconds, while dragging) and `pl-seek`
 * (seconds, at the end of it). */
import { css, html, LitElement, nothing } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { chapterAt } from "../core/playback";
import { tileAt, type Tile } from "../core/storyboard";
import { language, t } from "../core/strings";
import { clock, spoken } from "../core/time";
import { emit } from "./events";

const STEP = 5;
const PAGE = 15;
const KEYED_STAYS = 1_200;
const PREVIEW_WIDTH = 220;
const PREVIEW_HEIGHT = 150;

@customElement("pl-seek-bar")
export class SeekBar extends LitElement {
  @property({ type: Number }) time = 0;
  @property({ type: Number }) duration = 0;
  /* The server can show any second now. */
  @property({ type: Boolean }) ready = false;
  @property({ attribute: false }) chapters: readonly { t: number; title: string }[] = [];
  /* Seconds at which something was asked and answered. */
  @property({ attribute: false }) marks: readonly number[] = [];
  /* Small pictures to choose a second by; none: only words. */
  @property({ attribute: false }) tiles: readonly Tile[] = [];
  /* The second a key has just gone to, for a moment. */
  @state() private keyed: number | null = null;
  @state() private dragged: number | null = null;
  @state() private hover: number | null = null;
  private keyedTimer: ReturnType<typeof setTimeout> | undefined;
  @query(".bar") private readonly bar!: HTMLElement;

  static override styles = css`
    :host {
      display: block;
    }
    .bar {
      position: relative;
      height: 28px;
      display: flex;
      align-items: center;
      cursor: pointer;
      touch-action: none;
      border-radius: 8px;
      -webkit-tap-highlight-color: transparent;
    }
    .bar:focus-visible {
      outline: 3px solid var(--glow);
      outline-offset: 2px;
    }
    .track {
      position: relative;
      width: 100%;
      height: 6px;
      border-radius: 3px;
      background: rgb(251 247 240 / 0.26);
      overflow: hidden;
      transition: height 140ms;
    }
    .bar:hover .track,
    .bar.dragging .track {
      height: 8px;
    }
    .track i,
    .track b {
      position: absolute;
      inset: 0 auto 0 0;
      transform-origin: 0 50%;
    }
    .track i {
      width: 100%;
      background: rgb(251 247 240 / 0.34);
      opacity: 0;
      transition: opacity 300ms;
    }
    .ready .track i {
      opacity: 1;
    }
    .track b {
      background: var(--glow);
    }
    u {
      position: absolute;
      top: 0;
      bottom: 0;
      width: 3px;
      margin-left: -1.5px;
      background: #17130f;
    }
    s {
      position: absolute;
      bottom: 2px;
      width: 8px;
      height: 8px;
      margin-left: -4px;
      border-radius: 50%;
      background: var(--cream);
      border: 2px solid #17130f;
      box-sizing: border-box;
      pointer-events: none;
    }
    .thumb {
      position: absolute;
      width: 16px;
      height: 16px;
      margin-left: -8px;
      border-radius: 50%;
      background: var(--cream);
      box-shadow: 0 1px 6px rgb(0 0 0 / 0.4);
    }
    output {
      position: absolute;
      bottom: 30px;
      transform: translateX(-50%);
      background: rgb(23 19 15 / 0.86);
      color: var(--lamp);
      font-size: var(--step--1);
      font-weight: 600;
      font-variant-numeric: tabular-nums;
      padding: 4px 10px;
      border-radius: 8px;
      white-space: nowrap;
      pointer-events: none;
      max-width: 60cqi;
      overflow: hidden;
      text-overflow: ellipsis;
    }
    .preview {
      display: block;
      overflow: hidden;
      border-radius: 6px;
      margin: 2px auto 4px;
      position: relative;
    }
    .preview img {
      position: absolute;
      transform-origin: 0 0;
      max-width: none;
    }
    output.with {
      padding: 4px 6px;
      text-align: center;
    }
    .said {
      display: block;
      overflow: hidden;
      text-overflow: ellipsis;
    }
    @media (prefers-reduced-motion: reduce) {
      * {
        transition: none !important;
      }
    }
  `;

  private secondsAt(event: PointerEvent): number {
    const box = this.bar.getBoundingClientRect();
    const share = box.width === 0 ? 0 : (event.clientX - box.left) / box.width;
    return Math.min(1, Math.max(0, share)) * this.duration;
  }

  private down(event: PointerEvent): void {
    if (event.button !== 0) {
      return;
    }
    this.bar.setPointerCapture(event.pointerId);
    this.dragged = this.secondsAt(event);
    emit(this, "pl-scrub", this.dragged);
  }

  private move(event: PointerEvent): void {
    const at = this.secondsAt(event);
    if (this.dragged !== null) {
      this.dragged = at;
      emit(this, "pl-scrub", at);
    }
    this.hover = event.pointerType === "touch" && this.dragged === null ? null : at;
  }

  private up(event: PointerEvent): void {
    if (this.dragged !== null) {
      const at = this.secondsAt(event);
      this.dragged = null;
      this.hover = null;
      this.time = at;
      emit(this, "pl-seek", at);
    }
  }

  private key(event: KeyboardEvent): void {
    const moves: Record<string, number> = {
      ArrowRight: this.time + STEP,
      ArrowUp: this.time + STEP,
      ArrowLeft: this.time - STEP,
      ArrowDown: this.time - STEP,
      PageUp: this.time + PAGE,
      PageDown: this.time - PAGE,
      Home: 0,
      End: this.duration,
    };
    const to = moves[event.key];
    if (to !== undefined) {
      event.preventDefault();
      event.stopPropagation();
      const at = Math.min(this.duration, Math.max(0, to));
      this.time = at;
      this.keyed = at;
      clearTimeout(this.keyedTimer);
      this.keyedTimer = setTimeout(() => (this.keyed = null), KEYED_STAYS);
      emit(this, "pl-seek", at);
    }
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.keyedTimer);
  }

  /* As wide as fits a thumb's view: never above half of a small player. */
  private preview(t: number) {
    const tile = tileAt(this.tiles, t);
    if (tile === null) {
      return nothing;
    }
    const most = Math.min(PREVIEW_WIDTH, (this.bar?.clientWidth ?? 400) * 0.45);
    const scale = Math.min(most / tile.w, PREVIEW_HEIGHT / tile.h);
    return html`<span class="preview" style="width:${Math.round(tile.w * scale)}px;height:${Math.round(tile.h * scale)}px"
      ><img src=${tile.url} alt="" style="transform:scale(${scale}) translate(${-tile.x}px,${-tile.y}px)"
    /></span>`;
  }

  override render() {
    const t0 = this.dragged ?? this.time;
    const share = this.duration > 0 ? Math.min(1, t0 / this.duration) : 0;
    const shown = this.dragged ?? this.hover ?? this.keyed;
    const pictured = this.tiles.length > 0;
    const edge = pictured ? Math.min(PREVIEW_WIDTH, (this.bar?.clientWidth ?? 400) * 0.45) / 2 + 6 : 40;
    const chapter = shown === null ? undefined : this.chapters[chapterAt(this.chapters, shown)];
    const value = t("player.seek_value", { t: spoken(t0, language()), duration: spoken(this.duration, language()) });
    return html`<div
      class="bar ${this.ready ? "ready" : ""} ${this.dragged === null ? "" : "dragging"}"
      role="slider"
      tabindex="0"
      aria-label=${t("player.seek")}
      aria-valuemin="0"
      aria-valuemax=${Math.round(this.duration)}
      aria-valuenow=${Math.round(t0)}
      aria-valuetext=${value}
      @pointerdown=${(e: PointerEvent) => this.down(e)}
      @pointermove=${(e: PointerEvent) => this.move(e)}
      @pointerup=${(e: PointerEvent) => this.up(e)}
      @pointercancel=${() => (this.dragged = null)}
      @pointerleave=${() => (this.hover = null)}
      @keydown=${(e: KeyboardEvent) => this.key(e)}
    >
      <div class="track">
        <i></i>
        <b style="width:${share * 100}%"></b>
        ${this.duration > 0
          ? this.chapters.filter((c) => c.t > 0).map((c) => html`<u style="left:${(c.t / this.duration) * 100}%"></u>`)
          : nothing}
      </div>
      ${this.duration > 0 ? this.marks.map((t) => html`<s style="left:${Math.min(1, t / this.duration) * 100}%"></s>`) : nothing}
      <span class="thumb" style="left:${share * 100}%"></span>
      ${shown === null || this.duration <= 0
        ? nothing
        : html`<output class=${pictured ? "with" : ""} style="left:clamp(${edge}px, ${(shown / this.duration) * 100}%, calc(100% - ${edge}px))" aria-hidden="true"
            >${this.preview(shown)}<span class="said" style=${pictured ? `max-width:${edge * 2 - 24}px` : ""}>${clock(shown)}${chapter === undefined ? nothing : html` · ${chapter.title}`}</span></output
          >`}
    </div>`;
  }
}
