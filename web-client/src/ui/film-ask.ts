/* <pl-film-ask>: a sheet to ask at a second of a walkthrough. Emits `pl-send` {text, name}, `pl-close`. */
import { css, html, LitElement, nothing, type PropertyValues } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { ASKER_NAME_MAX, FILM_QUESTION_MAX } from "../core/film-questions";
import { t } from "../core/strings";
import { clock } from "../core/time";
import { emit } from "./events";
import { icon } from "./icons";
import { shared } from "./styles";
import "./dialog";

@customElement("pl-film-ask")
export class FilmAsk extends LitElement {
  /* Seconds; null: closed. */
  @property({ attribute: false }) at: number | null = null;
  @property({ type: Boolean }) busy = false;
  /* It is asked. */
  @property({ type: Boolean }) sent = false;
  @property() failure = "";
  /* Kept while the sheet is closed: a slip must not cost a sentence. */
  @state() private words = "";
  @state() private name = "";

  static override styles = [
    shared,
    css`
      form,
      .done {
        display: grid;
        gap: var(--s4);
        justify-items: stretch;
      }
      .foot {
        display: flex;
        gap: var(--s3);
        align-items: center;
        justify-content: space-between;
      }
    `,
  ];

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("sent") && this.sent) {
      this.words = "";
    }
  }

  private submit(event: Event): void {
    event.preventDefault();
    const text = this.words.trim();
    if (text !== "" && !this.busy) {
      emit(this, "pl-send", { text, name: this.name.trim() });
    }
  }

  override render() {
    return html`<pl-dialog .open=${this.at !== null} .heading=${t(this.sent ? "filmask.sent" : "filmask.title", { t: clock(this.at ?? 0) })}>
      ${this.at === null ? nothing : this.sent ? this.done() : this.form()}
    </pl-dialog>`;
  }

  private done() {
    return html`<div class="done">
      <p role="status">${t("filmask.sent_more")}</p>
      <button class="primary big" autofocus @click=${() => emit(this, "pl-close")}>${t("filmask.on")}</button>
    </div>`;
  }

  private form() {
    const left = FILM_QUESTION_MAX - this.words.length;
    return html`<form @submit=${(e: Event) => this.submit(e)} @keydown=${(e: KeyboardEvent) => e.stopPropagation()}>
      <div class="field">
        <label for="words">${t("filmask.label")}</label>
        <textarea
          id="words"
          rows="3"
          autofocus
          maxlength=${FILM_QUESTION_MAX}
          placeholder=${t("ask.example")}
          aria-describedby="lead"
          .value=${this.words}
          @input=${(e: Event) => (this.words = (e.target as HTMLTextAreaElement).value)}
        ></textarea>
      </div>
      <div class="field">
        <label for="name">${t("filmask.name")}</label>
        <input id="name" autocomplete="given-name" maxlength=${ASKER_NAME_MAX} .value=${this.name} @input=${(e: Event) => (this.name = (e.target as HTMLInputElement).value)} />
      </div>
      ${this.failure === "" ? nothing : html`<p class="notice" role="alert">${icon("warn")}${this.failure}</p>`}
      <div class="foot">
        <p class="small muted" id="lead">${left < 100 ? t("ask.count", { n: this.words.length, most: FILM_QUESTION_MAX }) : t("filmask.lead")}</p>
        <button class="primary" ?disabled=${this.busy || this.words.trim() === ""}>${icon("send")}${t("ask.send")}</button>
      </div>
    </form>`;
  }
}
