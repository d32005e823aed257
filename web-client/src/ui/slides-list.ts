/* <pl-slides-list>: slide decks and their pages. Emits `pl-files` (File[]), `pl-open` (id or ""),
 * `pl-delete` (id), `pl-retry`, and what <pl-uploads> says. */
import { css, html, LitElement, nothing } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { SlidePage, SlidesInfo } from "../core/api";
import { t } from "../core/strings";
import type { UploadInfo } from "../core/upload";
import type { Drop } from "./drop";
import { emit } from "./events";
import { icon } from "./icons";
import { shared } from "./styles";
import "./dialog";
import "./drop";
import "./progress";
import "./uploads";

@customElement("pl-slides-list")
export class SlidesList extends LitElement {
  @property({ attribute: false }) decks: readonly SlidesInfo[] | null = null;
  @property({ attribute: false }) uploads: readonly UploadInfo[] = [];
  @property() failure = "";
  @property() trouble = "";
  /* The deck whose pages are shown. */
  @property({ attribute: false }) shown: SlidesInfo | null = null;
  /* Words on its pages, by the page's number; "" where there are none. */
  @property({ attribute: false }) texts: ReadonlyMap<number, string> = new Map();
  @state() private deleting = "";
  @query("pl-drop") private readonly drop!: Drop;

  static override styles = [
    shared,
    css`
      :host,
      pl-drop {
        display: block;
        min-height: 100dvh;
      }
      .page {
        display: grid;
        gap: var(--s5);
        padding: var(--s5) var(--s6);
        max-width: 1280px;
        align-content: start;
        grid-template-columns: minmax(0, 1fr);
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
      .decks {
        display: grid;
        gap: var(--s4);
        grid-template-columns: repeat(auto-fill, minmax(min(260px, 100%), 1fr));
      }
      .deck {
        padding: 0;
        overflow: hidden;
        display: grid;
        grid-template-rows: auto 1fr;
      }
      .cover {
        aspect-ratio: 16 / 10;
        background: var(--sunk);
        position: relative;
        display: grid;
        place-items: center;
        color: var(--muted);
        border: 0;
        border-radius: 0;
        padding: 0;
        width: 100%;
      }
      .cover img {
        position: absolute;
        inset: 10px;
        width: calc(100% - 20px);
        height: calc(100% - 20px);
        object-fit: contain;
        filter: drop-shadow(0 1px 6px rgb(60 40 20 / 0.2));
      }
      .text {
        padding: var(--s4);
        display: grid;
        gap: var(--s3);
        align-content: space-between;
      }
      .row {
        display: flex;
        gap: var(--s2);
        flex-wrap: wrap;
        align-items: center;
      }
      .row button {
        padding: 0 var(--s4);
      }
      .row .end {
        margin-left: auto;
        width: 44px;
        padding: 0;
      }
      .danger {
        color: var(--bad);
      }
      .pages {
        display: grid;
        gap: var(--s5);
      }
      figure {
        margin: 0;
        display: grid;
        gap: var(--s2);
      }
      figure img {
        width: 100%;
        height: auto;
        border-radius: 10px;
        border: 1px solid var(--line);
        background: #fff;
        display: block;
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
      @media (max-width: 700px) {
        .page {
          padding: var(--s4);
        }
      }
    `,
  ];

  override render() {
    const all = this.decks;
    const empty = all !== null && all.length === 0 && this.uploads.length === 0;
    return html`<pl-drop multiple accept="application/pdf,.pdf" .invitation=${t("slides.drop")} .label=${t("slides.add")}>
        <div class="page">
          <div class="top">
            <h1>${t("slides.title")}</h1>
            ${empty || all === null ? nothing : html`<button class="primary" @click=${() => this.drop.choose()}>${icon("upload")}${t("slides.add")}</button>`}
          </div>
          ${this.trouble === "" ? nothing : html`<p class="notice" role="alert">${icon("warn")}${this.trouble}</p>`}
          ${this.failure !== "" && all !== null ? html`<p class="notice" role="alert">${icon("wifiOff")}${this.failure}</p>` : nothing}
          <pl-uploads .uploads=${this.uploads} @pl-again=${() => this.drop.choose()}></pl-uploads>
          ${all === null
            ? this.failure !== ""
              ? html`<div class="card word" role="alert">
                  <h2>${t("slides.failed")}</h2>
                  <p class="muted">${this.failure}</p>
                  <button @click=${() => emit(this, "pl-retry")}>${t("common.retry")}</button>
                </div>`
              : html`<p class="muted" role="status">${t("common.loading")}</p>`
            : empty
              ? html`<div class="card word empty">
                  ${icon("slides")}
                  <h2>${t("slides.empty")}</h2>
                  <p class="muted">${t("slides.empty_more")}</p>
                  <button class="primary big" @click=${() => this.drop.choose()}>${icon("upload")}${t("slides.add")}</button>
                </div>`
              : html`<ul class="decks">
                  ${repeat(
                    all,
                    (d) => d.id,
                    (d) => this.deck(d),
                  )}
                </ul>`}
        </div>
      </pl-drop>
      <pl-dialog wide .open=${this.shown !== null} .heading=${this.shown?.title ?? ""} @pl-close=${() => emit(this, "pl-open", "")}>
        ${this.shown === null
          ? nothing
          : html`<div class="pages">${this.shown.pages.map((page, i) => this.sheet(page, i, this.shown?.pages.length ?? 0))}</div>`}
      </pl-dialog>`;
  }

  private sheet(page: SlidePage, i: number, of: number) {
    const words = this.texts.get(i) ?? "";
    const number = t("slides.page", { page: i + 1, of });
    return html`<figure>
      <img src=${page.image} width=${Math.round(page.width)} height=${Math.round(page.height)} loading="lazy" alt=${words === "" ? number : `${number}: ${words}`} />
      <figcaption class="small muted">${number}</figcaption>
    </figure>`;
  }

  private deck(d: SlidesInfo) {
    const first = d.pages[0];
    const ready = d.state === "ready";
    return html`<li class="card deck">
      <button class="cover" tabindex="-1" aria-hidden="true" ?disabled=${!ready} @click=${() => emit(this, "pl-open", d.id)}>
        ${icon(d.state === "failed" ? "warn" : "slides")}${first === undefined ? nothing : html`<img src=${first.image} alt="" loading="lazy" />`}
      </button>
      <div class="text">
        <div>
          <h2 style="font-size:var(--step-1)">${d.title}</h2>
          ${d.state === "compiling"
            ? html`<p class="small muted" role="status" style="margin:8px 0">${t("slides.compiling")}</p>
                <pl-progress .value=${-1} .label=${t("slides.compiling")}></pl-progress>`
            : d.state === "failed"
              ? html`<p class="small bad" style="margin-top:8px">${d.error ?? t("slides.broken")}</p>`
              : html`<p class="small muted" style="margin-top:4px">${t("slides.pages", { n: d.pages.length })}</p>`}
        </div>
        <div class="row">
          ${this.deleting === d.id
            ? html`<span class="small" role="status">${t("slides.delete_sure")}</span>
                <button @click=${() => (this.deleting = "")}>${t("common.no")}</button>
                <button
                  class="danger"
                  @click=${() => {
                    this.deleting = "";
                    emit(this, "pl-delete", d.id);
                  }}
                >
                  ${t("film.delete_yes")}
                </button>`
            : html`${ready ? html`<button @click=${() => emit(this, "pl-open", d.id)}>${icon("eye")}${t("slides.open")}</button>` : nothing}
                <button class="quiet end" aria-label=${t("slides.delete", { title: d.title })} title=${t("slides.delete_short")} @click=${() => (this.deleting = d.id)}>${icon("trash")}</button>`}
        </div>
      </div>
    </li>`;
  }
}
