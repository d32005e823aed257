/* <pl-walkthrough-sheet>: all that can be done with one walkthrough. Emits `pl-close`, `pl-title` (text),
 * `pl-product` (id or ""), `pl-publish` {id, published}, `pl-copy` (slug), `pl-copy-embed` (slug), `pl-replace` (File), `pl-captions`
 * {file, lang}, `pl-captions-gone` (lang), `pl-green` (key), `pl-repeat`, `pl-delete`,
 * and what <pl-film-questions> says.
 *
 * <pl-new-film>: what to make of a file that was just chosen, also in another's place. Emits `pl-send` {title, key}, `pl-close`. */
import { css, html, LitElement, nothing, type PropertyValues } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import type { ProductInfo, WalkthroughInfo } from "../core/api";
import type { FilmQuestion } from "../core/film-questions";
import { failureWords, makingWords, mayRetry } from "../core/making";
import { size } from "../core/size";
import { language, t } from "../core/strings";
import { titleOf, type UploadInfo } from "../core/upload";
import { emit } from "./events";
import { icon } from "./icons";
import { shared } from "./styles";
import "./dialog";
import "./film-questions";
import "./green";

const sheet = css`
  form,
  .parts {
    display: grid;
    gap: var(--s5);
  }
  section {
    display: grid;
    gap: var(--s2);
    padding-top: var(--s4);
    border-top: 1px solid var(--line);
  }
  section h3 {
    font: 600 1rem/1.4 var(--text);
    letter-spacing: 0;
  }
  .line {
    display: flex;
    gap: var(--s2);
    flex-wrap: wrap;
    align-items: center;
  }
  .line button {
    padding: 0 var(--s4);
  }
  .switch {
    display: flex;
    gap: var(--s3);
    align-items: center;
    min-height: 44px;
  }
  .switch span span {
    display: block;
    font-weight: 400;
  }
  .danger {
    color: var(--bad);
  }
`;

@customElement("pl-new-film")
export class NewFilm extends LitElement {
  @property({ attribute: false }) file: File | null = null;
  /* The film whose link it takes over; its background is asked about anew. */
  @property({ attribute: false }) replaces: WalkthroughInfo | null = null;
  @state() private key = "";
  @state() private wrong = false;

  static override styles = [shared, sheet];

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("file")) {
      this.key = this.replaces?.key ?? "";
      this.wrong = false;
    }
  }

  private submit(event: SubmitEvent): void {
    event.preventDefault();
    const title = this.replaces?.title ?? String(new FormData(event.target as HTMLFormElement).get("title") ?? "").trim();
    this.wrong = title === "";
    if (!this.wrong) {
      emit(this, "pl-send", { title, key: this.key });
    }
  }

  override render() {
    const { file, replaces } = this;
    return html`<pl-dialog .open=${file !== null} .heading=${t(replaces === null ? "film.new" : "film.replace_title")}>
      ${file === null
        ? nothing
        : html`<form novalidate @submit=${(e: SubmitEvent) => this.submit(e)}>
            <p class="small muted">${file.name} · ${size(file.size, language())}</p>
            ${replaces !== null
              ? html`<p>${t("film.replace_lead", { title: replaces.title })}</p>`
              : html`<div class="field">
                  <label for="title">${t("film.title")}</label>
                  <input id="title" name="title" maxlength="120" autofocus .value=${titleOf(file.name)} aria-invalid=${this.wrong} aria-describedby="title-hint" />
                  <p class="small ${this.wrong ? "bad" : "muted"}" id="title-hint">${t(this.wrong ? "film.needs_title" : "film.title_hint")}</p>
                </div>`}
            <pl-green .key=${this.key} @pl-key=${(e: CustomEvent<string>) => (this.key = e.detail)}></pl-green>
            <button class="primary big">${icon("upload")}${t(replaces === null ? "film.send" : "film.replace")}</button>
          </form>`}
    </pl-dialog>`;
  }
}

@customElement("pl-walkthrough-sheet")
export class WalkthroughSheet extends LitElement {
  /* Null: closed. */
  @property({ attribute: false }) walkthrough: WalkthroughInfo | null = null;
  @property() failure = "";
  @property({ type: Boolean }) busy = false;
  /* What it can be about. */
  @property({ attribute: false }) products: readonly ProductInfo[] = [];
  /* What was asked at its seconds, and clips that are to answer, on their way. */
  @property({ attribute: false }) questions: readonly FilmQuestion[] = [];
  @property({ attribute: false }) answering: readonly UploadInfo[] = [];
  /* "link" or "embed" that was just copied. */
  @property() copied = "";
  @state() private deleting = false;
  @state() private tongue = "";
  @query("#film") private readonly film!: HTMLInputElement;
  @query("#captions") private readonly captions!: HTMLInputElement;

  static override styles = [shared, sheet];

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("walkthrough") && this.walkthrough?.id !== changed.get("walkthrough")?.id) {
      this.deleting = false;
      this.tongue = language();
    }
  }

  private rename(event: SubmitEvent): void {
    event.preventDefault();
    const title = String(new FormData(event.target as HTMLFormElement).get("title") ?? "").trim();
    if (title !== "" && title !== this.walkthrough?.title) {
      emit(this, "pl-title", title);
    }
  }

  private take(input: HTMLInputElement, act: (file: File) => void): void {
    const file = input.files?.[0];
    input.value = "";
    if (file !== undefined) {
      act(file);
    }
  }

  override render() {
    const w = this.walkthrough;
    return html`<pl-dialog .open=${w !== null} .heading=${w?.title ?? ""}>${w === null ? nothing : this.parts(w)}</pl-dialog>`;
  }

  private parts(w: WalkthroughInfo) {
    const ready = w.state === "ready";
    return html`<div class="parts">
      ${this.failure === "" ? nothing : html`<p class="notice" role="alert">${icon("warn")}${this.failure}</p>`}
      ${ready
        ? nothing
        : html`<p class=${w.state === "failed" && w.reason !== "cancelled" ? "bad" : "muted"} role="status">${w.state === "failed" ? failureWords(w) : makingWords(w)}</p>`}
      <form @submit=${(e: SubmitEvent) => this.rename(e)}>
        <div class="field">
          <label for="title">${t("film.title")}</label>
          <div class="line" style="flex-wrap:nowrap">
            <input id="title" name="title" maxlength="120" .value=${w.title} />
            <button ?disabled=${this.busy}>${t("common.save")}</button>
          </div>
        </div>
      </form>
      ${this.products.length === 0 ? nothing : this.about(w)} ${ready ? this.share(w) : nothing} ${ready ? this.words(w) : nothing} ${w.visit === null ? this.source(w) : nothing}
      ${this.questions.length === 0
        ? nothing
        : html`<section>
            <h3>${t("filmq.title")}</h3>
            <pl-film-questions .questions=${this.questions} .uploads=${this.answering} .slug=${w.slug} .keyed=${w.key !== null && w.key !== ""} .busy=${this.busy}></pl-film-questions>
          </section>`}
      <section>
        <div class="line">
          ${w.state === "failed" && mayRetry(w) ? html`<button @click=${() => emit(this, "pl-repeat", w.id)}>${icon("replay")}${t("common.retry")}</button>` : nothing}
          ${this.deleting
            ? html`<span aria-live="polite">${t("film.delete_sure")}</span>
                <button @click=${() => (this.deleting = false)}>${t("common.no")}</button>
                <button class="danger" ?disabled=${this.busy} @click=${() => emit(this, "pl-delete", w.id)}>${t("film.delete_yes")}</button>`
            : html`<button class="danger" @click=${() => (this.deleting = true)}>${icon("trash")}${t("film.delete")}</button>`}
        </div>
      </section>
    </div>`;
  }

  private about(w: WalkthroughInfo) {
    const chosen = w.product ?? "";
    return html`<section>
      <div class="field">
        <label for="product">${t("film.product")}</label>
        <select id="product" ?disabled=${this.busy} aria-describedby="product-hint" @change=${(e: Event) => emit(this, "pl-product", (e.target as HTMLSelectElement).value)}>
          <option value="" ?selected=${chosen === ""}>${t("film.product_none")}</option>
          ${this.products.map((p) => html`<option value=${p.id} ?selected=${p.id === chosen}>${p.name}</option>`)}
        </select>
        <p class="small muted" id="product-hint">${t("film.product_more")}</p>
      </div>
    </section>`;
  }

  private share(w: WalkthroughInfo) {
    return html`<section>
      <label class="switch">
        <input type="checkbox" role="switch" .checked=${w.published} ?disabled=${this.busy} @change=${(e: Event) => emit(this, "pl-publish", { id: w.id, published: (e.target as HTMLInputElement).checked })} />
        <span>${t("film.public")}<span class="small muted">${t(w.published ? "film.public_on" : w.visit === null ? "film.public_off" : "film.public_replay")}</span></span>
      </label>
      ${w.published
        ? html`<div class="line">
            <button @click=${() => emit(this, "pl-copy", w.slug)}>${icon(this.copied === "link" ? "check" : "link")}<span aria-live="polite">${t(this.copied === "link" ? "common.copied" : "walkthroughs.copy")}</span></button>
            <button @click=${() => emit(this, "pl-copy-embed", w.slug)}>${icon(this.copied === "embed" ? "check" : "code")}<span aria-live="polite">${t(this.copied === "embed" ? "common.copied" : "film.embed")}</span></button>
          </div>`
        : nothing}
    </section>`;
  }

  private words(w: WalkthroughInfo) {
    return html`<section>
      <h3>${t("film.captions")}</h3>
      ${w.captions.length === 0
        ? html`<p class="small muted">${t("film.captions_none")}</p>`
        : html`<ul>
            ${w.captions.map(
              (c) => html`<li class="line">
                <span>${c.label !== "" ? c.label : c.lang}</span>
                <button class="quiet" aria-label=${t("film.captions_remove", { lang: c.label !== "" ? c.label : c.lang })} @click=${() => emit(this, "pl-captions-gone", c.lang)}>${icon("trash")}</button>
              </li>`,
            )}
          </ul>`}
      <label class="small muted" for="lang">${t("film.captions_lang")}</label>
      <div class="line" style="flex-wrap:nowrap">
        <input id="lang" maxlength="35" style="width:110px" autocapitalize="none" spellcheck="false" .value=${this.tongue} @input=${(e: Event) => (this.tongue = (e.target as HTMLInputElement).value)} />
        <input class="sr" id="captions" type="file" tabindex="-1" aria-hidden="true" aria-label=${t("film.captions_add")} accept=".vtt,.srt,text/vtt" @change=${() => this.take(this.captions, (file) => emit(this, "pl-captions", { file, lang: this.tongue.trim() }))} />
        <button ?disabled=${this.busy} @click=${() => this.captions.click()}>${icon("captions")}${t("film.captions_add")}</button>
      </div>
    </section>`;
  }

  private source(w: WalkthroughInfo) {
    return html`<section>
      <h3>${t("film.file")}</h3>
      <p class="small muted">${t("film.replace_more")}</p>
      <div class="line">
        <input class="sr" id="film" type="file" tabindex="-1" aria-hidden="true" aria-label=${t("film.replace")} accept="video/*,audio/*,.mkv,.avi,.ts,.mts" @change=${() => this.take(this.film, (file) => emit(this, "pl-replace", file))} />
        <button ?disabled=${this.busy} @click=${() => this.film.click()}>${icon("upload")}${t("film.replace")}</button>
      </div>
      ${w.key !== null && w.key !== "" ? html`<p class="small muted">${t(w.key === "auto" ? "green.is_auto" : "green.is_colour", { colour: `#${w.key}` })}</p>` : nothing}
    </section>`;
  }
}
