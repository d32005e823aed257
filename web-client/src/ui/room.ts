/* <pl-room>: the customer's room during a visit: the picture fills it, the controls are in reach of a
 * thumb. Emits `pl-sound`, `pl-microphone`, `pl-camera`, `pl-fill`, `pl-leave`, `pl-copy`, `pl-ask` (opens
 * the question), `pl-recording` (opens the choice), `pl-my-room`, `pl-my-room-near` (a hand is on
 * its way). */
import { css, html, LitElement, nothing } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { EMPTY_STAGE, type StageView } from "../core/stage-view";
import { t } from "../core/strings";
import { emit } from "./events";
import { icon, type IconName } from "./icons";
import { onPicture, shared } from "./styles";
import type { StageElement } from "./stage";
import "./dots";
import "./lobby-art";
import "./stage";
import "./video";

@customElement("pl-room")
export class Room extends LitElement {
  @property() host = "";
  /* What to call them in a sentence. */
  @property() short = "";
  @property() company = "";
  @property() visitTitle = "";
  @property({ attribute: false }) view: StageView = EMPTY_STAGE;
  @property({ attribute: false }) streams: readonly MediaStream[] = [];
  @property({ type: Boolean }) joining = true;
  @property() sound: "asking" | "on" | "off" = "asking";
  @property({ type: Boolean }) hasSound = false;
  @property({ type: Boolean }) microphone = false;
  @property({ type: Boolean }) camera = false;
  @property({ type: Boolean }) canCapture = true;
  @property({ attribute: false }) self: MediaStream | null = null;
  @property({ attribute: false }) dots: number | null = null;
  /* A line about the connection; "" while it holds. */
  @property() banner = "";
  /* A line about what just happened, for a few seconds. */
  @property() note = "";
  @property({ type: Boolean }) fill = true;
  /* Something is recorded now; whether this visit may be at all. */
  @property({ type: Boolean }) recording = false;
  @property({ type: Boolean }) mayRecord = false;
  /* There is somebody or something to be put into the customer's own room. */
  @property({ type: Boolean }) canPlace = false;
  /* It is fetched. */
  @property({ type: Boolean }) placing = false;
  /* The codec of a picture this browser cannot show. */
  @property() unplayable = "";
  @state() private hintHidden = false;
  @state() private late = false;
  @query("pl-stage") private readonly stage!: StageElement;

  static override styles = [
    shared,
    onPicture,
    css`
      :host {
        display: block;
        height: 100dvh;
        background: var(--night);
        color: var(--lamp);
        --dots-good: #7fc9a4;
        --dots-fair: #e8b64c;
        --dots-poor: #ff8d8d;
        --stage-inset-y: calc(112px + env(safe-area-inset-bottom));
      }
      main {
        display: grid;
        grid-template: auto 1fr auto / minmax(0, 1fr);
        height: 100%;
        position: relative;
        overflow: hidden;
      }
      :focus-visible {
        outline-color: var(--glow);
      }
      pl-stage {
        grid-area: 1 / 1 / 4 / 2;
      }
      pl-lobby-art {
        position: absolute;
        inset: 0;
      }
      .waiting {
        position: absolute;
        inset: auto 0 0;
        padding: 120px var(--s5) calc(176px + env(safe-area-inset-bottom));
        text-align: center;
        display: grid;
        gap: var(--s2);
        justify-items: center;
        background: linear-gradient(transparent, rgb(23 19 15 / 0.82) 55%);
      }
      .display {
        font: 560 var(--step-2) / 1.12 var(--display);
        text-wrap: balance;
      }
      .head {
        grid-area: 1 / 1;
        z-index: 2;
        padding: calc(var(--s4) + env(safe-area-inset-top)) var(--s4) var(--s6);
        display: flex;
        gap: var(--s3);
        align-items: center;
        background: linear-gradient(rgb(23 19 15 / 0.78), rgb(23 19 15 / 0.5) 55%, transparent);
        pointer-events: none;
      }
      .head > * {
        pointer-events: auto;
      }
      .face {
        width: 40px;
        height: 40px;
        flex: none;
        border-radius: 50%;
        background: #c98b62;
        color: var(--night);
        border: 2px solid var(--cream);
        display: grid;
        place-items: center;
        font: 600 1.1rem var(--display);
      }
      .who {
        min-width: 0;
      }
      .who b,
      .who span {
        display: block;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .who b {
        line-height: 1.25;
      }
      pl-dots {
        margin-left: auto;
      }
      .middle {
        grid-area: 2 / 1;
        z-index: 2;
        align-self: end;
        display: grid;
        justify-items: center;
        gap: var(--s3);
        padding: 0 var(--s4) var(--s4);
        pointer-events: none;
      }
      .middle > * {
        pointer-events: auto;
      }
      .hear {
        background: var(--cream);
        color: var(--coffee);
        border: 0;
        min-height: 56px;
        font-size: var(--step-1);
        box-shadow: 0 10px 40px rgb(0 0 0 / 0.35);
        max-width: 100%;
      }
      .place {
        background: var(--cream);
        color: var(--coffee);
        border: 0;
        min-height: 48px;
        box-shadow: 0 6px 26px rgb(0 0 0 / 0.3);
      }
      .say {
        padding: var(--s3) var(--s4);
        border-radius: var(--round);
        display: flex;
        gap: var(--s3);
        align-items: center;
        max-width: 46ch;
        font-size: 0.9375rem;
      }
      .say button {
        min-height: 36px;
        padding: 0 var(--s3);
        background: transparent;
        border-color: rgb(244 236 226 / 0.5);
        color: inherit;
      }
      .rec {
        position: absolute;
        left: 16px;
        top: calc(72px + env(safe-area-inset-top));
        z-index: 2;
        min-height: 36px;
        padding: 0 var(--s3);
        font-size: var(--step--1);
        border-radius: var(--pill);
        gap: 8px;
        color: var(--lamp);
      }
      .rec i {
        width: 10px;
        height: 10px;
        border-radius: 50%;
        border: 2px solid currentColor;
        opacity: 0.8;
      }
      .rec.on {
        background: #a3252c;
        color: #fff;
      }
      .rec.on i {
        background: #fff;
        opacity: 1;
      }
      .head .fit {
        width: 44px;
        padding: 0;
        flex: none;
        border: 0;
        background: rgb(33 27 22 / 0.55);
        color: inherit;
      }
      .self {
        position: absolute;
        top: calc(76px + env(safe-area-inset-top));
        right: 16px;
        width: clamp(92px, 22vw, 200px);
        aspect-ratio: 3 / 4;
        z-index: 2;
        border-radius: 14px;
        border: 2px solid var(--cream);
        background: #3a2e25;
      }
      .controls {
        grid-area: 3 / 1;
        z-index: 2;
        padding: var(--s2) var(--s4) calc(var(--s4) + env(safe-area-inset-bottom));
        display: flex;
        gap: var(--s2);
        max-width: 560px;
        width: 100%;
        justify-self: center;
      }
      .controls button {
        flex: 1 1 0;
        min-width: 0;
        flex-direction: column;
        gap: 3px;
        border: 0;
        border-radius: 16px;
        min-height: 64px;
        padding: 0 2px;
        font-size: 0.75rem;
        line-height: 1.15;
        white-space: normal;
        background: rgb(33 27 22 / 0.74);
        color: var(--lamp);
        backdrop-filter: blur(12px);
        -webkit-backdrop-filter: blur(12px);
      }
      .controls button.on {
        background: var(--glow);
        color: var(--night);
      }
      @media (hover: hover) {
        .controls button:hover {
          background: rgb(60 50 42 / 0.85);
        }
        .controls button.on:hover {
          background: #ffae86;
        }
        .hear:hover,
        .place:hover {
          background: #fff;
        }
        .head .fit:hover {
          background: rgb(60 50 42 / 0.85);
        }
        .rec:hover {
          background: rgb(60 50 42 / 0.9);
        }
        .rec.on:hover {
          background: #8f1f26;
        }
        .say button:hover {
          background: rgb(244 236 226 / 0.14);
        }
      }
      .spin {
        width: 18px;
        height: 18px;
        flex: none;
        border-radius: 50%;
        border: 2px solid currentColor;
        border-right-color: transparent;
        animation: spin 1s linear infinite;
      }
      @keyframes spin {
        to {
          transform: rotate(1turn);
        }
      }
      @media (min-width: 2400px) {
        .head,
        .middle,
        .controls,
        .waiting {
          zoom: 1.4;
        }
      }
      @media (max-height: 480px) {
        .waiting {
          padding-bottom: 120px;
        }
        .controls button {
          min-height: 48px;
        }
      }
    `,
  ];

  private hear(): void {
    this.stage.play();
    emit(this, "pl-sound", true);
  }

  override render() {
    const { host } = this;
    const first = this.short;
    const waiting = this.view.main === null;
    const words = this.waitingWords(first);
    return html`<main aria-label=${t("room.label", { host })}>
      <h1 class="sr">${this.visitTitle !== "" ? this.visitTitle : t("room.label", { host })}</h1>
      <pl-stage
        style=${this.sound === "asking" && this.hasSound ? "--stage-inset-y: calc(188px + env(safe-area-inset-bottom))" : ""}
        .view=${this.view}
        .streams=${this.streams}
        .fill=${this.fill}
        .hopeless=${this.unplayable !== ""}
        @pl-late=${(e: CustomEvent<boolean>) => (this.late = e.detail)}
      >
        <pl-lobby-art></pl-lobby-art>
        <div class="waiting" role="status">
          <p class="display">${words.title}</p>
          <p>${words.more}</p>
        </div>
      </pl-stage>
      <div class="head">
        <span class="face" aria-hidden="true">${host.slice(0, 1)}</span>
        <div class="who">
          <b>${host}</b>
          <span class="small">${[this.company === host ? "" : this.company, waiting ? this.visitTitle : t("room.here")].filter((s) => s !== "").join(" · ")}</span>
        </div>
        <pl-dots .dots=${this.dots}></pl-dots>
        <button class="fit" aria-label=${t(this.fill ? "room.whole_label" : "room.fill_label")} title=${t(this.fill ? "room.whole" : "room.fill")} @click=${() => emit(this, "pl-fill", !this.fill)}>
          ${icon(this.fill ? "whole" : "maximize")}
        </button>
      </div>
      ${this.mayRecord || this.recording
        ? html`<button class="rec glass ${this.recording ? "on" : ""}" aria-label=${t("recording.manage", { state: t(this.recording ? "recording.on" : "recording.off") })} @click=${() => emit(this, "pl-recording")}>
            <i aria-hidden="true"></i>${t(this.recording ? "recording.on" : "recording.off")}
          </button>`
        : nothing}
      <span class="sr" role="status">${this.recording ? t("recording.lead_on") : ""}</span>
      ${this.self === null
        ? nothing
        : html`<pl-video class="self" mirrored .stream=${this.self} .label=${t("room.you_small", { host: first })}></pl-video>`}
      <div class="middle">
        <div role="status" aria-live="polite">
          ${this.banner === "" ? nothing : html`<p class="say glass"><span class="spin" aria-hidden="true"></span>${this.banner}</p>`}
          ${this.note === "" ? nothing : html`<p class="say glass">${this.note}</p>`}
        </div>
        ${this.canPlace
          ? html`<button class="place" ?disabled=${this.placing} @pointerenter=${() => emit(this, "pl-my-room-near")} @focus=${() => emit(this, "pl-my-room-near")} @click=${() => emit(this, "pl-my-room")}>${icon("inRoom")}${t("inroom.button")}</button>`
          : nothing}
        ${this.canCapture || this.hintHidden || this.sound === "asking"
          ? nothing
          : html`<div class="say glass">
              <span>${t("room.in_app")}</span>
              <button @click=${() => emit(this, "pl-copy")}>${t("room.copy_link")}</button>
              <button aria-label=${t("room.hint_close")} @click=${() => (this.hintHidden = true)}>${icon("x")}</button>
            </div>`}
        ${this.sound === "asking" && this.hasSound
          ? html`<button class="hear" @click=${() => this.hear()}>${icon("volume")}${t("room.hear", { host: first })}</button>`
          : nothing}
      </div>
      <div class="controls" role="toolbar" aria-label=${t("room.controls")}>
        ${this.button(this.sound === "on" ? "volume" : "volumeOff", t(this.sound === "on" ? "room.sound_on" : "room.sound_off"), this.sound === "on", () =>
          this.sound === "on" ? emit(this, "pl-sound", false) : this.hear(),
        )}
        ${this.canCapture
          ? html`${this.button(this.microphone ? "mic" : "micOff", t(this.microphone ? "room.mic_on" : "room.mic_off"), this.microphone, () => emit(this, "pl-microphone"))}
            ${this.button(this.camera ? "video" : "videoOff", t(this.camera ? "room.camera_on" : "room.camera_off"), this.camera, () => emit(this, "pl-camera"))}`
          : nothing}
        <button @click=${() => emit(this, "pl-ask")}>${icon("ask")}${t("room.ask")}</button>
        <button @click=${() => emit(this, "pl-leave")}>${icon("leave")}${t("room.leave")}</button>
      </div>
    </main>`;
  }

  /* What stands in the room while there is no picture. */
  private waitingWords(host: string): { title: string; more: string } {
    if (this.late && this.banner === "") {
      return {
        title: t("room.no_picture", { host }),
        more: this.unplayable === "" || this.unplayable === "?" ? t("room.no_picture_more") : t("room.unplayable_more", { codec: this.unplayable }),
      };
    }
    if (this.banner !== "") {
      return { title: "", more: "" };
    }
    if (this.joining || this.view.main !== null) {
      return { title: t("room.joining"), more: "" };
    }
    return this.view.audible.length > 0
      ? { title: t("room.sound_only", { host }), more: t("room.sound_only_more") }
      : { title: t("room.waiting", { host }), more: t("room.waiting_more") };
  }

  private button(name: IconName, label: string, pressed: boolean, onclick: () => void) {
    return html`<button class=${pressed ? "on" : ""} @click=${onclick}>${icon(name)}${label}</button>`;
  }
}
