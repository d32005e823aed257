/* <pl-product-sheet>: one product: words, true size, model, images. Emits `pl-save` ProductWish, `pl-files`
 * (File[]), `pl-model-gone`, `pl-image-gone` (address), `pl-delete`, `pl-reload` (show what somebody else
 * made of it), `pl-close`, and what <pl-uploads> says. */
import { css, html, LitElement, nothing, type PropertyValues } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import type { ProductInfo, ProductWish } from "../core/api";
import { claimsOf, isLink, parseMm } from "../core/product";
import { t, type Key } from "../core/strings";
import type { UploadInfo } from "../core/upload";
import { emit } from "./events";
import { icon } from "./icons";
import { shared } from "./styles";
import "./dialog";
import "./uploads";

type Wrong = "" | "name" | "size" | "link";

@customElement("pl-product-sheet")
export class ProductSheet extends LitElement {
  @property({ type: Boolean }) open = false;
  /* Null: a new one. */
  @property({ attribute: false }) product: ProductInfo | null = null;
  @property({ type: Boolean }) busy = false;
  @property({ type: Boolean }) saved = false;
  @property() trouble = "";
  @property({ type: Boolean }) stale = false;
  @property({ attribute: false }) uploads: readonly UploadInfo[] = [];
  @state() private wrong: Wrong = "";
  @state() private deleting = false;
  @query("#model") private readonly model!: HTMLInputElement;
  @query("#images") private readonly images!: HTMLInputElement;

  static override styles = [
    shared,
    css`
      form,
      section {
        display: grid;
        gap: var(--s4);
      }
      section {
        margin-top: var(--s5);
        padding-top: var(--s5);
        border-top: 1px solid var(--line);
      }
      .two {
        display: grid;
        gap: var(--s4);
        grid-template-columns: repeat(auto-fit, minmax(min(260px, 100%), 1fr));
      }
      fieldset {
        display: grid;
        gap: var(--s2);
      }
      .edges {
        display: grid;
        grid-template-columns: repeat(3, minmax(0, 1fr));
        gap: var(--s3);
      }
      .edges label {
        display: grid;
        gap: var(--s1);
      }
      .line {
        display: flex;
        gap: var(--s3);
        flex-wrap: wrap;
        align-items: center;
      }
      .pictures {
        display: grid;
        gap: var(--s3);
        grid-template-columns: repeat(auto-fill, minmax(108px, 1fr));
      }
      .pictures li {
        position: relative;
      }
      .pictures img {
        display: block;
        width: 100%;
        aspect-ratio: 1;
        object-fit: cover;
        border-radius: 12px;
        border: 1px solid var(--line);
        background: var(--sunk);
      }
      .pictures button {
        position: absolute;
        top: 4px;
        right: 4px;
        width: 44px;
        padding: 0;
        background: color-mix(in srgb, var(--paper) 88%, transparent);
      }
      h3 {
        font-size: var(--step-1);
      }
      .danger {
        color: var(--bad);
      }
    `,
  ];

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("open") || this.product?.id !== changed.get("product")?.id) {
      this.deleting = false;
    }
    if (changed.has("open")) {
      this.wrong = "";
    }
  }

  private submit(event: SubmitEvent): void {
    event.preventDefault();
    const data = new FormData(event.target as HTMLFormElement);
    const field = (name: string): string => String(data.get(name) ?? "").trim();
    const [w, h, d] = ["w", "h", "d"].map((edge) => parseMm(field(edge)));
    const sized = [w, h, d].filter((edge) => edge !== 0).length;
    const label = field("label");
    const url = field("url");
    this.wrong =
      field("name") === ""
        ? "name"
        : w == null || h == null || d == null || (sized > 0 && sized < 3)
          ? "size"
          : url !== "" && !isLink(url)
            ? "link"
            : "";
    if (this.wrong !== "") {
      this.renderRoot.querySelector<HTMLElement>(this.wrong === "name" ? "#name" : this.wrong === "size" ? "#w" : "#url")?.focus();
      return;
    }
    const wish: ProductWish = {
      name: field("name"),
      summary: field("summary"),
      size_mm: sized === 0 || w == null || h == null || d == null ? null : { w, h, d },
      claims: claimsOf(field("claims")),
      call_to_action: label === "" && url === "" ? null : { label, url },
    };
    emit(this, "pl-save", wish);
  }

  private take(input: HTMLInputElement): void {
    const files = [...(input.files ?? [])];
    input.value = "";
    if (files.length > 0) {
      emit(this, "pl-files", files);
    }
  }

  override render() {
    const p = this.product;
    return html`<pl-dialog wide .open=${this.open} .heading=${p === null ? t("product.new") : p.name}>
      ${!this.open
        ? nothing
        : html`${this.trouble === ""
              ? nothing
              : html`<p class="notice" role="alert" style="margin-bottom:var(--s4)">
                  ${icon("warn")}<span>${this.trouble}</span>
                  ${this.stale ? html`<button @click=${() => emit(this, "pl-reload")}>${t("product.reload")}</button>` : nothing}
                </p>`}
            ${this.form(p)} ${p === null ? html`<p class="small muted" style="margin-top:var(--s4)">${t("product.then")}</p>` : html`${this.shape(p)} ${this.gallery(p)} ${this.end()}`}`}
    </pl-dialog>`;
  }

  private form(p: ProductInfo | null) {
    const { wrong } = this;
    const edge = (name: "w" | "h" | "d") => html`<label>
      <span class="small muted">${t(`product.${name}` as Key)}</span>
      <input id=${name} name=${name} inputmode="decimal" autocomplete="off" .value=${p?.size_mm == null ? "" : String(p.size_mm[name])} aria-invalid=${wrong === "size"} aria-describedby="size-hint" />
    </label>`;
    return html`<form novalidate @submit=${(e: SubmitEvent) => this.submit(e)}>
      <div class="field">
        <label for="name">${t("product.name")}</label>
        <input id="name" name="name" maxlength="120" .value=${p?.name ?? ""} aria-invalid=${wrong === "name"} />
        ${wrong === "name" ? html`<p class="small bad" role="alert">${t("product.needs_name")}</p>` : nothing}
      </div>
      <div class="field">
        <label for="summary">${t("product.summary")}</label>
        <textarea id="summary" name="summary" rows="2" maxlength="600" .value=${p?.summary ?? ""}></textarea>
      </div>
      <fieldset>
        <legend>${t("product.size")}</legend>
        <div class="edges">${edge("w")} ${edge("h")} ${edge("d")}</div>
        <p class="small ${wrong === "size" ? "bad" : "muted"}" id="size-hint" role=${wrong === "size" ? "alert" : nothing}>${t(wrong === "size" ? "product.needs_size" : "product.size_hint")}</p>
      </fieldset>
      <div class="field">
        <label for="claims">${t("product.claims")}</label>
        <textarea id="claims" name="claims" rows="3" maxlength="2000" .value=${(p?.claims ?? []).join("\n")} aria-describedby="claims-hint"></textarea>
        <p class="small muted" id="claims-hint">${t("product.claims_hint")}</p>
      </div>
      <div class="two">
        <div class="field">
          <label for="label">${t("product.label")}</label>
          <input id="label" name="label" maxlength="60" .value=${p?.call_to_action?.label ?? ""} placeholder=${t("product.label_example")} />
        </div>
        <div class="field">
          <label for="url">${t("product.url")}</label>
          <input id="url" name="url" inputmode="url" autocapitalize="none" spellcheck="false" .value=${p?.call_to_action?.url ?? ""} placeholder="https://" aria-invalid=${wrong === "link"} />
          ${wrong === "link" ? html`<p class="small bad" role="alert">${t("product.needs_link")}</p>` : nothing}
        </div>
      </div>
      <div class="line">
        <button class="primary" ?disabled=${this.busy || this.stale}>${t(p === null ? "product.create" : "common.save")}</button>
        <span class="small muted" role="status">${this.saved ? t("product.saved") : ""}</span>
      </div>
    </form>`;
  }

  private shape(p: ProductInfo) {
    return html`<section>
      <h3>${t("product.model")}</h3>
      <p class="small muted">${t(p.model === null ? "product.model_none" : "product.model_there")}</p>
      ${p.model_note === null ? nothing : html`<p class="notice">${icon("info")}${p.model_note}</p>`}
      <pl-uploads .uploads=${this.uploads} @pl-again=${() => this.model.click()}></pl-uploads>
      <div class="line">
        <input class="sr" id="model" type="file" tabindex="-1" aria-hidden="true" aria-label=${t("product.model_add")} accept=".glb,model/gltf-binary" @change=${() => this.take(this.model)} />
        <button @click=${() => this.model.click()}>${icon("cube")}${t(p.model === null ? "product.model_add" : "product.model_replace")}</button>
        ${p.ar === null ? nothing : html`<a class="small" href=${p.ar} download>${t("product.ar")}</a>`}
        ${p.model === null ? nothing : html`<button class="quiet" ?disabled=${this.busy} @click=${() => emit(this, "pl-model-gone")}>${icon("trash")}${t("product.model_remove")}</button>`}
      </div>
    </section>`;
  }

  private gallery(p: ProductInfo) {
    return html`<section>
      <h3>${t("product.images")}</h3>
      ${p.images.length === 0
        ? html`<p class="small muted">${t("product.images_none")}</p>`
        : html`<ul class="pictures">
            ${p.images.map(
              (url, i) => html`<li>
                <img src=${url} alt=${t("product.image", { n: i + 1, name: p.name })} loading="lazy" />
                <button class="quiet" ?disabled=${this.busy} aria-label=${t("product.image_remove", { n: i + 1 })} @click=${() => emit(this, "pl-image-gone", url)}>${icon("trash")}</button>
              </li>`,
            )}
          </ul>`}
      <div class="line">
        <input class="sr" id="images" type="file" multiple tabindex="-1" aria-hidden="true" aria-label=${t("product.images_add")} accept="image/png,image/jpeg,image/webp" @change=${() => this.take(this.images)} />
        <button @click=${() => this.images.click()}>${icon("upload")}${t("product.images_add")}</button>
      </div>
    </section>`;
  }

  private end() {
    return html`<section>
      <div class="line">
        ${this.deleting
          ? html`<span aria-live="polite">${t("product.delete_sure")}</span>
              <button @click=${() => (this.deleting = false)}>${t("common.no")}</button>
              <button class="danger" ?disabled=${this.busy} @click=${() => emit(this, "pl-delete")}>${t("film.delete_yes")}</button>`
          : html`<button class="danger" @click=${() => (this.deleting = true)}>${icon("trash")}${t("product.delete")}</button>`}
      </div>
    </section>`;
  }
}
