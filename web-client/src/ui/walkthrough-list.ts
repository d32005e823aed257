/* <pl-walkthrough-list>: what is on its way, being made, ready and published. Emits `pl-files` (File[]),
 * `pl-copy`, `pl-publish` {id, published}, `pl-stop`, `pl-repeat`, `pl-open` (id), `pl-retry`, and what
 * <pl-uploads> says. */
import { css, html, LitElement, nothing } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { WalkthroughInfo } from "../core/api";
import { failureWords, makingWords, mayRetry } from "../core/making";
import { t } from "../core/strings";
import { clock } from "../core/time";
import type { UploadInfo } from "../core/upload";
import type { Drop } from "./drop";
import { emit } from "./events";
import { icon } from "./icons";
import { shared } from "./styles";
import "./drop";
import "./progress";
import "./uploads";

/* What phones, cameras and editors write; the server decides. */
const FILMS = "video/*,audio/*,.mkv,.avi,.ts,.mts,.m2ts,.mxf,.flv,.wmv";

@customElement("pl-walkthrough-list")
export class WalkthroughList extends LitElement {
  @property({ attribute: false }) walkthroughs: readonly WalkthroughInfo[] | null = null;
  @property({ attribute: false }) uploads: readonly UploadInfo[] = [];
  @property() failure = "";
  /* What just failed, such as a button's wish. */
  @property() trouble = "";
  /* Slug of the link that was just copied. */
  @property() copied = "";
  @query("pl-drop") private readonly drop!: Drop;

  static override styles = [
    shared,
    css`
      :host {
        display: block;
        min-height: 100dvh;
      }
      pl-drop {
        min-height: 100dvh;
      }
      .page {
        display: grid;
        gap: var(--s5);
        padding: var(--s5) var(--s6);
        max-width: 1280px;
        align-content: start;
      }
      .top {
        display: flex;
        gap: var(--s3);
        align-items: center;
        justify-content: space-between;
        flex-wrap: wrap;
        min-height: 52px;
      }
      h1 {
        font-size: var(--step-2);
      }
      section {
        display: grid;
        gap: var(--s3);
      }
      section > h2 {
        font: 600 var(--step--1) / 1.4 var(--text);
        letter-spacing: 0;
        color: var(--muted);
      }
      .films {
        display: grid;
        gap: var(--s4);
        grid-template-columns: repeat(auto-fill, minmax(min(300px, 100%), 1fr));
      }
      .film {
        padding: 0;
        overflow: hidden;
        display: grid;
        grid-template-rows: auto 1fr;
      }
      .thumb {
        aspect-ratio: 16 / 9;
        background: var(--sunk);
        position: relative;
        display: grid;
        place-items: center;
        color: var(--muted);
      }
      .thumb > svg.i {
        width: 32px;
        height: 32px;
      }
      img {
        position: absolute;
        inset: 0;
        width: 100%;
        height: 100%;
        object-fit: cover;
        display: block;
      }
      .thumb .chip {
        position: absolute;
        right: 12px;
        bottom: 12px;
        background: rgb(23 19 15 / 0.78);
        color: var(--lamp);
      }
      .thumb .chip.kind {
        right: auto;
        left: 12px;
      }
      .text {
        padding: var(--s4);
        display: grid;
        gap: var(--s3);
        align-content: space-between;
      }
      .text h3 {
        display: -webkit-box;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 2;
        overflow: hidden;
      }
      .state {
        display: grid;
        gap: var(--s2);
        margin-top: var(--s2);
        font-variant-numeric: tabular-nums;
      }
      .row {
        display: flex;
        gap: var(--s2);
        flex-wrap: wrap;
      }
      .row > * {
        padding: 0 var(--s4);
      }
      .row .more {
        margin-left: auto;
        width: 44px;
        padding: 0;
      }
      .card.word {
        display: grid;
        gap: var(--s3);
        justify-items: start;
      }
      .empty {
        border-style: dashed;
        border-color: var(--edge);
        box-shadow: none;
        background: transparent;
        justify-items: center !important;
        text-align: center;
        padding: clamp(var(--s5), 8vh, var(--s7)) var(--s5);
      }
      .empty > svg.i {
        width: 48px;
        height: 48px;
        color: var(--accent-ink);
      }
      .empty p {
        max-width: 46ch;
      }
      .bone {
        height: 280px;
        background: linear-gradient(100deg, var(--card) 40%, var(--sunk) 50%, var(--card) 60%) 100% 0 / 250% 100%;
        animation: sweep 1.6s ease-in-out infinite;
      }
      @keyframes sweep {
        to {
          background-position: 0 0;
        }
      }
      @media (max-width: 700px) {
        .page {
          padding: var(--s4);
        }
        .top .primary {
          padding: 0 var(--s4);
        }
      }
    `,
  ];

  override render() {
    const all = this.walkthroughs;
    const empty = all !== null && all.length === 0 && this.uploads.length === 0;
    return html`<pl-drop multiple accept=${FILMS} .invitation=${t("upload.drop")} .label=${t("walkthroughs.add")}>
      <div class="page">
        <div class="top">
          <h1>${t("walkthroughs.title")}</h1>
          ${empty || all === null ? nothing : html`<button class="primary" @click=${() => this.drop.choose()}>${icon("upload")}${t("walkthroughs.add")}</button>`}
        </div>
        ${this.trouble === "" ? nothing : html`<p class="notice" role="alert">${icon("warn")}${this.trouble}</p>`}
        ${this.failure !== "" && all !== null ? html`<p class="notice" role="alert">${icon("wifiOff")}${this.failure}</p>` : nothing}
        ${this.uploads.length === 0
          ? nothing
          : html`<section>
              <h2>${t("upload.title")}</h2>
              <pl-uploads .uploads=${this.uploads} @pl-again=${() => this.drop.choose()}></pl-uploads>
            </section>`}
        ${all === null ? (this.failure !== "" ? this.failed() : this.loading()) : empty ? this.nothing() : this.films(all)}
      </div>
    </pl-drop>`;
  }

  private failed() {
    return html`<div class="card word" role="alert">
      <h2>${t("walkthroughs.failed")}</h2>
      <p class="muted">${this.failure}</p>
      <button @click=${() => emit(this, "pl-retry")}>${t("common.retry")}</button>
    </div>`;
  }

  private loading() {
    return html`<div role="status"><span class="sr">${t("common.loading")}</span></div>
      <div class="films">
        <div class="card bone"></div>
        <div class="card bone"></div>
      </div>`;
  }

  private nothing() {
    return html`<div class="card word empty">
      ${icon("film")}
      <h2>${t("walkthroughs.empty")}</h2>
      <p class="muted">${t("walkthroughs.empty_more")}</p>
      <button class="primary big" @click=${() => this.drop.choose()}>${icon("upload")}${t("walkthroughs.add")}</button>
      <p class="small muted">${t("walkthroughs.formats")}</p>
    </div>`;
  }

  private films(all: readonly WalkthroughInfo[]) {
    const own = all.filter((w) => w.visit === null);
    const replays = all.filter((w) => w.visit !== null);
    return html`${own.length === 0 ? nothing : this.section(t("walkthroughs.yours"), own, replays.length > 0 || this.uploads.length > 0)}
    ${replays.length === 0 ? nothing : this.section(t("walkthroughs.replays"), replays, true)}`;
  }

  /* `titled`: also for eyes; a list alone needs no name there. */
  private section(title: string, films: readonly WalkthroughInfo[], titled: boolean) {
    return html`<section>
      <h2 class=${titled ? "" : "sr"}>${title}</h2>
      <ul class="films">
        ${repeat(
          films,
          (w) => w.id,
          (w) => this.film(w),
        )}
      </ul>
    </section>`;
  }

  private film(w: WalkthroughInfo) {
    const ready = w.state === "ready";
    return html`<li class="card film">
      <div class="thumb">
        ${icon(w.state === "failed" ? "warn" : "film")}
        ${w.poster !== null && w.state !== "failed"
          ? html`<img src=${w.poster} alt="" loading="lazy" @error=${(e: Event) => (e.target as HTMLElement).remove()} />`
          : nothing}
        ${w.visit !== null ? html`<span class="chip kind">${t("walkthroughs.replay")}</span>` : w.key !== null && w.key !== "" ? html`<span class="chip kind">${t("green.chip")}</span>` : nothing}
        ${ready && w.duration > 0 ? html`<span class="chip">${clock(w.duration)}</span>` : nothing}
      </div>
      <div class="text">
        <div>
          <h3>${w.title}</h3>
          ${this.state(w)}
        </div>
        <div class="row">${this.acts(w)}</div>
      </div>
    </li>`;
  }

  private state(w: WalkthroughInfo) {
    switch (w.state) {
      case "compiling":
        return html`<div class="state">
          <pl-progress .value=${w.progress > 0 || w.ahead > 0 ? w.progress : -1} .label=${t("making.label", { title: w.title })}></pl-progress>
          <span class="small muted" role="status">${w.progress > 0 ? `${Math.floor(w.progress * 100)} % · ` : ""}${makingWords(w)}</span>
        </div>`;
      case "failed":
        return html`<p class="small ${w.reason === "cancelled" ? "muted" : "bad"}" style="margin-top:8px">${failureWords(w)}</p>`;
      case "ready":
        return html`<p class="small muted" style="margin-top:4px">${t(w.published ? "walkthroughs.public" : w.visit === null ? "walkthroughs.draft" : "walkthroughs.guests_only")}${w.questions_open === 0 ? "" : ` · ${t("filmq.count", { n: w.questions_open })}`}</p>`;
    }
  }

  private acts(w: WalkthroughInfo) {
    const more = html`<button class="quiet more" aria-label=${t("walkthroughs.more", { title: w.title })} title=${t("walkthroughs.more_short")} @click=${() => emit(this, "pl-open", w.id)}>${icon("more")}</button>`;
    switch (w.state) {
      case "compiling":
        return html`<button @click=${() => emit(this, "pl-stop", w.id)}>${t("walkthroughs.stop")}</button>${more}`;
      case "failed":
        return html`${mayRetry(w)
          ? html`<button @click=${() => emit(this, "pl-repeat", w.id)}>${icon("replay")}${t("common.retry")}</button>`
          : w.visit === null
            ? html`<button @click=${() => emit(this, "pl-open", w.id)}>${icon("upload")}${t("walkthroughs.another")}</button>`
            : nothing}
          ${more}`;
      case "ready":
        return html`<a class="button" href="/w/${w.slug}" target="_blank" rel="noopener">${icon("play")}${t("walkthroughs.watch")}</a>
          ${w.published
            ? html`<button @click=${() => emit(this, "pl-copy", w.slug)}>
                ${icon(this.copied === w.slug ? "check" : "link")}<span aria-live="polite">${t(this.copied === w.slug ? "common.copied" : "walkthroughs.copy")}</span>
              </button>`
            : html`<button @click=${() => emit(this, "pl-publish", { id: w.id, published: true })}>${icon("globe")}${t("walkthroughs.publish")}</button>`}
          ${more}`;
    }
  }
}
