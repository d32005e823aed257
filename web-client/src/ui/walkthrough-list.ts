/* <pl-walkthrough-list>: what has been published. Emits `pl-copy` (slug), `pl-retry`. */
import { css, html, LitElement } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { WalkthroughInfo } from "../core/api";
import { t } from "../core/strings";
import { clock } from "../core/time";
import { emit } from "./events";
import { icon } from "./icons";
import { shared } from "./styles";

@customElement("pl-walkthrough-list")
export class WalkthroughList extends LitElement {
  @property({ attribute: false }) walkthroughs: readonly WalkthroughInfo[] | null = null;
  @property() failure = "";
  /* Slug of the link that was just copied. */
  @property() copied = "";

  static override styles = [
    shared,
    css`
      :host {
        display: grid;
        gap: var(--s5);
        padding: var(--s5) var(--s6);
        max-width: 1280px;
        align-content: start;
      }
      h1 {
        font-size: var(--step-2);
        min-height: 52px;
        display: flex;
        align-items: center;
      }
      ul {
        display: grid;
        gap: var(--s4);
        grid-template-columns: repeat(auto-fill, minmax(min(300px, 100%), 1fr));
      }
      li {
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
        background: rgb(23 19 15 / 0.72);
        color: var(--lamp);
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
      }
      .card.word {
        display: grid;
        gap: var(--s3);
        justify-items: start;
      }
      @media (max-width: 700px) {
        :host {
          padding: var(--s4);
        }
      }
    `,
  ];

  override render() {
    const all = this.walkthroughs;
    return html`<h1>${t("walkthroughs.title")}</h1>
      ${this.failure !== ""
        ? html`<div class="card word" role="alert">
            <h2>${t("walkthroughs.failed")}</h2>
            <p class="muted">${this.failure}</p>
            <button @click=${() => emit(this, "pl-retry")}>${t("common.retry")}</button>
          </div>`
        : all === null
          ? html`<p class="muted" role="status">${t("common.loading")}</p>`
          : all.length === 0
            ? html`<div class="card word">
                <h2>${t("walkthroughs.empty")}</h2>
                <p class="muted">${t("walkthroughs.empty_more")}</p>
              </div>`
            : html`<ul>
                ${all.map((w) => this.item(w))}
              </ul>`}`;
  }

  private item(w: WalkthroughInfo) {
    const open = w.state === "ready" && w.published;
    const words =
      w.state === "compiling"
        ? t("walkthroughs.compiling", { percent: Math.round(w.progress * 100) })
        : w.state === "failed"
          ? t("walkthroughs.broken")
          : w.published
            ? ""
            : t("walkthroughs.draft");
    return html`<li class="card">
      <div class="thumb">
        ${icon("film")}
        ${open
          ? html`<img src="/w/${w.slug}/poster.jpg" alt="" loading="lazy" @error=${(e: Event) => (e.target as HTMLElement).remove()} />
              <span class="chip">${clock(w.duration)}</span>`
          : html`<span class="chip">${words}</span>`}
      </div>
      <div class="text">
        <h2 style="font-size:var(--step-1)">${w.title}</h2>
        ${w.state === "failed" && typeof w.error === "string" ? html`<p class="small bad">${w.error}</p>` : ""}
        ${open
          ? html`<div class="row">
              <a class="button" href="/w/${w.slug}" target="_blank" rel="noopener">${icon("play")}${t("walkthroughs.watch")}</a>
              <button @click=${() => emit(this, "pl-copy", w.slug)}>
                ${icon(this.copied === w.slug ? "check" : "copy")}${t(this.copied === w.slug ? "common.copied" : "walkthroughs.copy")}
              </button>
            </div>`
          : ""}
      </div>
    </li>`;
  }
}
