/* <pl-product-list>: the products of the house. Emits `pl-new`, `pl-open` (id), `pl-retry`, and what
 * <pl-uploads> says. */
import { css, html, LitElement, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { ProductInfo } from "../core/api";
import { sizeWords } from "../core/product";
import { t } from "../core/strings";
import type { UploadInfo } from "../core/upload";
import { emit } from "./events";
import { icon } from "./icons";
import { shared } from "./styles";
import "./uploads";

@customElement("pl-product-list")
export class ProductList extends LitElement {
  @property({ attribute: false }) products: readonly ProductInfo[] | null = null;
  @property({ attribute: false }) uploads: readonly UploadInfo[] = [];
  @property() failure = "";

  static override styles = [
    shared,
    css`
      :host {
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
      .all {
        display: grid;
        gap: var(--s4);
        grid-template-columns: repeat(auto-fill, minmax(min(260px, 100%), 1fr));
      }
      .one {
        padding: 0;
        overflow: hidden;
        display: grid;
        grid-template-rows: auto 1fr;
      }
      .cover {
        aspect-ratio: 16 / 10;
        background: var(--sunk);
        display: grid;
        place-items: center;
        color: var(--muted);
        position: relative;
      }
      .cover img {
        position: absolute;
        inset: 0;
        width: 100%;
        height: 100%;
        object-fit: cover;
      }
      .cover svg.i {
        width: 40px;
        height: 40px;
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
        justify-content: space-between;
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
    const all = this.products;
    const empty = all !== null && all.length === 0;
    const add = html`<button class="primary" @click=${() => emit(this, "pl-new")}>${icon("plus")}${t("products.add")}</button>`;
    return html`<div class="page">
      <div class="top">
        <h1>${t("products.title")}</h1>
        ${empty || all === null ? nothing : add}
      </div>
      ${this.failure !== "" && all !== null ? html`<p class="notice" role="alert">${icon("wifiOff")}${this.failure}</p>` : nothing}
      <pl-uploads .uploads=${this.uploads}></pl-uploads>
      ${all === null
        ? this.failure !== ""
          ? html`<div class="card word" role="alert">
              <h2>${t("products.failed")}</h2>
              <p class="muted">${this.failure}</p>
              <button @click=${() => emit(this, "pl-retry")}>${t("common.retry")}</button>
            </div>`
          : html`<p class="muted" role="status">${t("common.loading")}</p>`
        : empty
          ? html`<div class="card word empty">
              ${icon("lamp")}
              <h2>${t("products.empty")}</h2>
              <p class="muted">${t("products.empty_more")}</p>
              ${add}
            </div>`
          : html`<ul class="all">
              ${repeat(
                all,
                (p) => p.id,
                (p) => this.one(p),
              )}
            </ul>`}
    </div>`;
  }

  private one(p: ProductInfo) {
    const [first] = p.images;
    return html`<li class="card one">
      <div class="cover" aria-hidden="true">${first === undefined ? icon("lamp") : html`<img src=${first} alt="" loading="lazy" />`}</div>
      <div class="text">
        <div>
          <h2 style="font-size:var(--step-1)">${p.name}</h2>
          <p class="small muted" style="margin-top:4px">${p.size_mm === null ? t("products.no_size") : sizeWords(p.size_mm)}</p>
        </div>
        <div class="row">
          <button @click=${() => emit(this, "pl-open", p.id)} aria-label=${t("products.edit", { name: p.name })}>${icon("settings")}${t("products.edit_short")}</button>
          ${p.model === null ? nothing : html`<span class="chip">${icon("cube")}${t("products.model")}</span>`}
        </div>
      </div>
    </li>`;
  }
}
