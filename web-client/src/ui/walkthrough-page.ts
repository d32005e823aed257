/* <pl-walkthrough-page>: a published walkthrough around its player (the slot): what it is, its
 * chapters, the product. Emits `pl-seek` (seconds), `pl-copy`. */
import { css, html, LitElement, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Walkthrough } from "../core/boot";
import { chapterAt } from "../core/playback";
import { sizeWords } from "../core/product";
import { t } from "../core/strings";
import { clock } from "../core/time";
import { emit } from "./events";
import { icon } from "./icons";
import { shared } from "./styles";

/* The system's own viewer, where there is one (iPhone, iPad): it wants a link around a picture. */
function hasQuickLook(): boolean {
  return document.createElement("a").relList.supports?.("ar") === true;
}

function quickLook(url: string, picture: string | null) {
  return html`<a class="ar" rel="ar" href=${url}><img src=${picture ?? "/icon.svg"} alt=${t("player.ar")} width="64" height="40" /></a>`;
}

@customElement("pl-walkthrough-page")
export class WalkthroughPage extends LitElement {
  @property({ attribute: false }) walkthrough!: Walkthrough;
  @property() company = "";
  @property({ type: Number }) time = 0;
  @property({ type: Boolean }) copied = false;

  static override styles = [
    shared,
    css`
      :host {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--s5);
        max-width: 1080px;
        margin: 0 auto;
        padding: var(--s5) var(--s4) var(--s7);
        /* An upright film and its controls fit the window. */
        --player-most: max(240px, calc(100dvh - 150px));
      }
      header {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: var(--s4);
        min-height: 44px;
      }
      .brand {
        font: 600 1.2rem var(--display);
      }
      main {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--s5);
      }
      .two {
        display: grid;
        grid-template-columns: minmax(0, 1.7fr) minmax(0, 1fr);
        gap: var(--s6);
        align-items: start;
      }
      .words {
        display: grid;
        gap: var(--s4);
      }
      .words > p {
        max-width: 60ch;
      }
      .chapters {
        margin-top: var(--s3);
      }
      .chapters h2 {
        font-size: var(--step-1);
        margin-bottom: var(--s2);
      }
      li button {
        width: 100%;
        display: flex;
        justify-content: start;
        gap: var(--s4);
        padding: var(--s3) var(--s2);
        border: 0;
        border-top: 1px solid var(--line);
        border-radius: 0;
        background: transparent;
        font-weight: 400;
        text-align: left;
        white-space: normal;
        min-height: 48px;
      }
      li button:active {
        transform: none;
      }
      li button[aria-current] {
        font-weight: 650;
      }
      li time {
        color: var(--muted);
        font-variant-numeric: tabular-nums;
        min-width: 4ch;
        font-weight: 400;
      }
      .product {
        display: grid;
        gap: var(--s3);
      }
      .product .row {
        display: flex;
        gap: var(--s3);
        align-items: center;
      }
      .product svg.i {
        width: 28px;
        height: 28px;
        color: var(--accent-ink);
      }
      @media (pointer: coarse) {
        .keys {
          display: none;
        }
      }
      .ar img {
        display: block;
        border-radius: 10px;
        object-fit: cover;
      }
      aside {
        display: grid;
        gap: var(--s4);
      }
      @media (max-width: 760px) {
        .two {
          grid-template-columns: minmax(0, 1fr);
          gap: var(--s5);
        }
        :host {
          padding-top: var(--s3);
          gap: var(--s3);
          --player-round: 14px;
        }
      }
      @media (min-width: 2000px) {
        :host {
          max-width: 1480px;
        }
      }
    `,
  ];

  override render() {
    const w = this.walkthrough;
    const current = chapterAt(w.chapters, this.time);
    const size = w.product?.size_mm ?? null;
    return html`<header>
        <span class="brand">${this.company}</span>
        ${w.replay
          ? nothing /* its link opens for those who have one of their own */
          : html`<button class="quiet" @click=${() => emit(this, "pl-copy")}>
              ${icon(this.copied ? "check" : "copy")}<span aria-live="polite">${t(this.copied ? "common.copied" : "player.copy")}</span>
            </button>`}
      </header>
      <main>
        <slot></slot>
        <div class="two">
          <div class="words">
            <h1>${w.title}</h1>
            ${w.description === "" ? nothing : html`<p class="muted">${w.description}</p>`}
            ${w.chapters.length === 0
              ? nothing
              : html`<section class="chapters">
                  <h2>${t(w.replay ? "player.chapters_replay" : "player.chapters")}</h2>
                  <ol>
                    ${w.chapters.map(
                      (chapter, i) => html`<li>
                        <button aria-current=${i === current ? "true" : nothing} @click=${() => emit(this, "pl-seek", chapter.t)}>
                          <time>${clock(chapter.t)}</time><span>${chapter.title}</span>
                        </button>
                      </li>`,
                    )}
                  </ol>
                </section>`}
            <slot name="questions"></slot>
          </div>
          <aside aria-label=${t("player.about")}>
            ${w.product === null
              ? nothing
              : html`<div class="card product">
                  <div class="row">${icon("lamp")}<b>${w.product.name}</b></div>
                  ${w.product.summary === "" ? nothing : html`<p class="muted">${w.product.summary}</p>`}
                  ${size === null ? nothing : html`<p class="small">${t("player.size")}: ${sizeWords(size)}</p>`}
                  ${w.product.ar === null || !hasQuickLook() ? nothing : quickLook(w.product.ar, w.poster)}
                </div>`}
            <p class="small muted keys">${t("player.keys")}</p>
          </aside>
        </div>
      </main>`;
  }
}
