/* <pl-in-room>: person and product in the customer's own room, over the whole page. What is seen (camera, canvas) lies in
 * its slot. Emits `pl-close`, `pl-back` (put back), `pl-turn` (radians), `pl-size` (factor), `pl-true-size`, `pl-move`
 * (metres: {x, z}), `pl-photo`, `pl-way` (where to go on), `pl-head` (boolean), `pl-sheet` (begin), `pl-corners` (four
 * pixels, or null: given up), `pl-product` (index). */
import { css, html, LitElement, nothing, type PropertyValues } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { t } from "../core/strings";
import type { Pixel } from "../room/geometry/pinhole";
import type { Place } from "../room/geometry/place";
import type { Way } from "../room/ladder";
import { emit } from "./events";
import { icon, type IconName } from "./icons";
import { onPicture, shared } from "./styles";

const TURN = Math.PI / 12;
const STEP = 0.1;
const NUDGE = 4;

@customElement("pl-in-room")
export class InRoom extends LitElement {
  @property() heading = "";
  @property() closing = "";
  @property({ reflect: true }) way: Way | "" = "";
  /* What to do now; the second is quieter. */
  @property() words = "";
  @property() more = "";
  @property({ type: Boolean }) busy = false;
  /* There is something that can be turned. */
  @property({ type: Boolean }) turns = false;
  @property({ type: Number }) scale = 1;
  @property({ type: Boolean }) moved = false;
  /* Where they stand, for who looks on. */
  @property({ attribute: false }) place: Place | null = null;
  @property({ type: Boolean }) canCamera = false;
  /* A sheet of paper would make the size exact. */
  @property({ type: Boolean }) canMeasure = false;
  @property({ type: Boolean }) canHead = false;
  @property({ type: Boolean }) head = false;
  /* The next step of the ladder is offered. */
  @property({ type: Boolean }) canGoOn = false;
  /* Picture of a code that opens this on a phone; "" when there is none. */
  @property() phone = "";
  @property({ attribute: false }) products: readonly string[] = [];
  @property({ type: Number }) product = 0;
  @property({ type: Boolean, reflect: true }) measuring = false;
  @property({ type: Boolean, reflect: true }) mirrored = false;
  @state() private code = false;
  @state() private corners: readonly Pixel[] = [];
  @query(".view") readonly view!: HTMLElement;
  @query(".close") private readonly closer!: HTMLButtonElement;

  static override styles = [
    shared,
    onPicture,
    css`
      :host {
        position: fixed;
        inset: 0;
        z-index: 50;
        display: block;
        color: var(--lamp);
        background: #211b16;
        --say: rgb(33 27 22 / 0.78);
        touch-action: none;
        overscroll-behavior: contain;
      }
      :host([way="ar"]) {
        background: transparent;
      }
      :host([way="stage"]),
      :host([way="flat"]) {
        background: linear-gradient(#efe6da, #dccdb9 58%, #cdbba4);
      }
      @media (prefers-color-scheme: dark) {
        :host([way="stage"]),
        :host([way="flat"]) {
          background: linear-gradient(#4a3d33, #35291f 58%, #2a211a);
        }
      }
      .view {
        position: absolute;
        inset: 0;
        overflow: hidden;
        cursor: grab;
      }
      ::slotted(video),
      ::slotted(canvas) {
        position: absolute;
        inset: 0;
        width: 100%;
        height: 100%;
        object-fit: cover;
        display: block;
      }
      :host([mirrored]) ::slotted(video) {
        transform: scaleX(-1);
      }
      header {
        position: absolute;
        inset: 0 0 auto;
        padding: calc(var(--s4) + env(safe-area-inset-top)) var(--s4) var(--s5);
        display: flex;
        gap: var(--s3);
        align-items: start;
        justify-content: space-between;
        pointer-events: none;
      }
      header > *,
      .foot > * {
        pointer-events: auto;
      }
      .glass {
        background: var(--say);
        color: var(--lamp);
        backdrop-filter: blur(12px);
        -webkit-backdrop-filter: blur(12px);
      }
      .say {
        padding: var(--s3) var(--s4);
        border-radius: var(--round);
        max-width: min(52ch, calc(100vw - 108px));
        display: grid;
        gap: var(--s1);
        font-size: 0.9375rem;
        line-height: 1.4;
      }
      .say .small {
        color: #d9ccbd;
      }
      button {
        border: 0;
        background: var(--say);
        color: var(--lamp);
        backdrop-filter: blur(12px);
        -webkit-backdrop-filter: blur(12px);
      }
      button[aria-pressed="true"] {
        background: var(--glow);
        color: var(--night);
      }
      @media (hover: hover) {
        button:hover {
          background: rgb(60 50 42 / 0.9);
        }
        button[aria-pressed="true"]:hover {
          background: #ffae86;
        }
        .foot .go:hover {
          background: #fff;
        }
      }
      :focus-visible {
        outline-color: var(--glow);
        box-shadow: 0 0 0 6px rgb(23 19 15 / 0.75);
      }
      .close {
        width: 48px;
        height: 48px;
        padding: 0;
        flex: none;
      }
      .foot {
        position: absolute;
        inset: auto 0 0;
        padding: var(--s4) var(--s4) calc(var(--s4) + env(safe-area-inset-bottom));
        display: grid;
        justify-items: center;
        gap: var(--s3);
        pointer-events: none;
      }
      .chips {
        display: flex;
        flex-wrap: wrap;
        justify-content: center;
        gap: var(--s2);
      }
      .chips button,
      .chips select {
        min-height: 40px;
        width: auto;
        padding: 0 var(--s4);
        font-size: 0.875rem;
        border-radius: var(--pill);
        border: 0;
      }
      .chips select {
        padding-right: var(--s6);
        background-color: var(--say);
        color: var(--lamp);
        font-weight: 600;
        max-width: 60vw;
      }
      .chips svg.i {
        width: 18px;
        height: 18px;
      }
      .tools {
        display: flex;
        gap: var(--s2);
        width: 100%;
        max-width: 520px;
      }
      .tools button {
        flex: 1 1 0;
        min-width: 0;
        min-height: 64px;
        padding: 0 2px;
        flex-direction: column;
        gap: 3px;
        border-radius: 16px;
        font-size: 0.75rem;
        line-height: 1.15;
        white-space: normal;
      }
      .go {
        background: var(--cream);
        color: var(--coffee);
        min-height: 52px;
      }
      .code {
        padding: var(--s4);
        border-radius: 22px;
        background: #fff;
        color: var(--coffee);
        display: grid;
        gap: var(--s2);
        justify-items: center;
        text-align: center;
      }
      .code img {
        width: 168px;
        height: 168px;
        display: block;
      }
      .corner {
        position: absolute;
        width: 56px;
        height: 56px;
        margin: -28px 0 0 -28px;
        padding: 0;
        border-radius: 50%;
        background: transparent;
        backdrop-filter: none;
        -webkit-backdrop-filter: none;
        border: 2px solid #fff;
        box-shadow: 0 0 0 1.5px rgb(0 0 0 / 0.7), inset 0 0 0 1.5px rgb(0 0 0 / 0.7);
        cursor: move;
        touch-action: none;
      }
      .corner::before,
      .corner::after {
        content: "";
        position: absolute;
        background: #fff;
        box-shadow: 0 0 0 1px rgb(0 0 0 / 0.55);
      }
      .corner::before {
        width: 14px;
        height: 1.5px;
        left: 19px;
        top: 25px;
      }
      .corner::after {
        width: 1.5px;
        height: 14px;
        left: 25px;
        top: 19px;
      }
      .corner:active {
        transform: none;
      }
      svg.sheet {
        position: absolute;
        inset: 0;
        width: 100%;
        height: 100%;
        pointer-events: none;
      }
      svg.sheet polygon {
        fill: rgb(255 154 107 / 0.18);
        stroke: #fff;
        stroke-width: 1.5;
      }
      .spin {
        width: 16px;
        height: 16px;
        display: inline-block;
        vertical-align: -2px;
        margin-right: var(--s2);
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
      @media (prefers-reduced-motion: reduce) {
        .spin {
          animation-duration: 4s;
        }
      }
      @media (max-height: 480px) {
        .tools button {
          min-height: 48px;
        }
      }
    `,
  ];

  protected override firstUpdated(): void {
    this.closer.focus();
    /* A tap on a control is none on the floor (WebXR DOM Overlays, beforexrselect). */
    for (const part of this.renderRoot.querySelectorAll("header, .foot")) {
      part.addEventListener("beforexrselect", (event) => event.preventDefault());
    }
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("measuring") && this.measuring) {
      const [w, h] = [this.clientWidth, this.clientHeight];
      this.corners = ([[0.36, 0.48], [0.64, 0.48], [0.68, 0.62], [0.32, 0.62]] as const).map(([x, y]) => ({ x: x * w, y: y * h }));
    }
  }

  private key(event: KeyboardEvent): void {
    if (event.composedPath()[0] instanceof HTMLSelectElement || (event.composedPath()[0] as Element).classList.contains("corner")) {
      return;
    }
    const move = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
    if (move !== undefined) {
      emit(this, "pl-move", { x: move[0], z: move[1] });
    } else if (event.key === "Escape") {
      emit(this, this.measuring ? "pl-corners" : "pl-close", null);
    } else if (event.key === "+" || event.key === "-") {
      emit(this, "pl-size", event.key === "+" ? 1.1 : 1 / 1.1);
    } else if (event.key === "Tab") {
      this.keepFocus(event);
      return;
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  /* It covers the page: the keyboard stays in it too. */
  private keepFocus(event: KeyboardEvent): void {
    const all = [...this.renderRoot.querySelectorAll<HTMLElement>("button, select")].filter((e) => e.getClientRects().length > 0);
    const edge = event.shiftKey ? all[0] : all[all.length - 1];
    if ((this.renderRoot as ShadowRoot).activeElement === edge) {
      (event.shiftKey ? all[all.length - 1] : all[0])?.focus();
      event.preventDefault();
    }
  }

  private moveCorner(i: number, to: Pixel): void {
    this.corners = this.corners.map((c, k) => (k === i ? to : c));
  }

  private cornerKey(i: number, event: KeyboardEvent): void {
    const by = { ArrowLeft: [-NUDGE, 0], ArrowRight: [NUDGE, 0], ArrowUp: [0, -NUDGE], ArrowDown: [0, NUDGE] }[event.key];
    const at = this.corners[i];
    if (by !== undefined && at !== undefined) {
      this.moveCorner(i, { x: at.x + (by[0] ?? 0), y: at.y + (by[1] ?? 0) });
      event.preventDefault();
      event.stopPropagation();
    }
  }

  override render() {
    return html`<div role="dialog" aria-modal="true" aria-label=${this.heading} @keydown=${(e: KeyboardEvent) => this.key(e)}>
      <div class="view"><slot></slot></div>
      ${this.measuring ? this.sheet() : nothing}
      <header>
        <div class="say glass" role="status">
          <span>${this.busy ? html`<span class="spin" aria-hidden="true"></span>` : nothing}${this.words}</span>
          ${this.more === "" ? nothing : html`<span class="small">${this.more}</span>`}
        </div>
        <button class="close" aria-label=${this.closing} title=${this.closing} @click=${() => emit(this, "pl-close")}>${icon("x")}</button>
      </header>
      <div class="foot">${this.measuring ? this.measureFoot() : this.foot()}</div>
    </div>`;
  }

  private foot() {
    return html`
      ${this.code && this.phone !== ""
        ? html`<div class="code"><img src=${this.phone} alt=${t("inroom.phone_alt")} /><span class="small">${t("inroom.phone_more")}</span></div>`
        : nothing}
      <div class="chips">
        ${this.canGoOn ? html`<button class="go" @click=${() => emit(this, "pl-way")}>${t("inroom.go_on")}</button>` : nothing}
        ${this.products.length > 1
          ? html`<select aria-label=${t("inroom.product")} @change=${(e: Event) => emit(this, "pl-product", (e.target as HTMLSelectElement).selectedIndex)}>
              ${this.products.map((name, i) => html`<option ?selected=${i === this.product}>${name}</option>`)}
            </select>`
          : nothing}
        ${this.scale === 1
          ? nothing
          : html`<button @click=${() => emit(this, "pl-true-size")}>${icon("ruler")}${t("inroom.scaled", { percent: Math.round(this.scale * 100) })}</button>`}
        ${this.canMeasure ? html`<button @click=${() => emit(this, "pl-sheet")}>${icon("ruler")}${t("inroom.measure")}</button>` : nothing}
        ${this.canCamera ? html`<button @click=${() => emit(this, "pl-way", "camera")}>${icon("video")}${t("inroom.use_camera")}</button>` : nothing}
        ${this.canHead
          ? html`<button aria-pressed=${this.head} @click=${() => emit(this, "pl-head", !this.head)}>${icon("headMoves")}${t("inroom.head")}</button>`
          : nothing}
        ${this.phone === ""
          ? nothing
          : html`<button aria-expanded=${this.code} @click=${() => (this.code = !this.code)}>${icon("phone")}${t("inroom.phone")}</button>`}
      </div>
      <div class="tools" role="toolbar" aria-label=${t("inroom.tools")}>
        ${this.turns ? this.tool("turn", t("inroom.turn"), () => emit(this, "pl-turn", TURN)) : nothing}
        ${this.tool("smaller", t("inroom.smaller"), () => emit(this, "pl-size", 1 / 1.15))}
        ${this.tool("larger", t("inroom.larger"), () => emit(this, "pl-size", 1.15))}
        ${this.tool("putBack", t("inroom.back"), () => emit(this, "pl-back"), !this.moved)}
        ${this.tool("photo", t("inroom.photo"), () => emit(this, "pl-photo"))}
      </div>
    `;
  }

  private tool(name: IconName, label: string, onclick: () => void, disabled = false) {
    return html`<button ?disabled=${disabled} @click=${onclick}>${icon(name)}${label}</button>`;
  }

  private sheet() {
    return html`<svg class="sheet" aria-hidden="true"><polygon points=${this.corners.map(({ x, y }) => `${x},${y}`).join(" ")}></polygon></svg>
      ${this.corners.map(
        ({ x, y }, i) => html`<button
          class="corner"
          style="left:${x}px;top:${y}px"
          aria-label=${t("inroom.corner", { n: i + 1 })}
          @keydown=${(e: KeyboardEvent) => this.cornerKey(i, e)}
          @pointerdown=${(e: PointerEvent) => (e.currentTarget as Element).setPointerCapture(e.pointerId)}
          @pointermove=${(e: PointerEvent) => {
            if ((e.currentTarget as Element).hasPointerCapture(e.pointerId)) {
              this.moveCorner(i, { x: e.clientX, y: e.clientY });
            }
          }}
        ></button>`,
      )}`;
  }

  private measureFoot() {
    return html`<div class="chips">
      <button class="go" @click=${() => emit(this, "pl-corners", this.corners)}>${icon("check")}${t("inroom.measure_done")}</button>
      <button @click=${() => emit(this, "pl-corners", null)}>${t("inroom.measure_not")}</button>
    </div>`;
  }
}
