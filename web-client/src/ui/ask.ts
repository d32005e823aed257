/* <pl-ask>: a sheet to ask in words, with what was asked so far. Emits `pl-send` (text), `pl-close`. */
import { css, html, LitElement, nothing, type PropertyValues } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { QUESTION_MAX, type Question } from "../core/protocol";
import { t } from "../core/strings";
import { emit } from "./events";
import { icon } from "./icons";
import { shared } from "./styles";
import "./dialog";

@customElement("pl-ask")
export class Ask extends LitElement {
  @property({ type: Boolean }) open = false;
  @property() host = "";
  /* Our own participant. */
  @property() me = "";
  @property({ attribute: false }) questions: readonly Question[] = [];
  /* Why it was not sent. */
  @property() failure = "";
  /* Kept while the sheet is closed: a slip must not cost a sentence. */
  @state() private words = "";

  static override styles = [
    shared,
    css`
      form {
        display: grid;
        gap: var(--s3);
      }
      .foot {
        display: flex;
        gap: var(--s3);
        align-items: center;
        justify-content: space-between;
      }
      section {
        margin-top: var(--s5);
        display: grid;
        gap: var(--s2);
      }
      section h3 {
        font: 600 var(--step--1) / 1.4 var(--text);
        color: var(--muted);
      }
      li {
        padding: var(--s3) 0;
        border-top: 1px solid var(--line);
        overflow-wrap: anywhere;
      }
    `,
  ];

  protected override willUpdate(changed: PropertyValues<this>): void {
    /* What has arrived as our own is said; the field is free for the next. */
    if (changed.has("questions")) {
      const last = this.questions[this.questions.length - 1];
      if (last !== undefined && last.participant === this.me && last.text === this.words.trim()) {
        this.words = "";
      }
    }
  }

  private submit(event: Event): void {
    event.preventDefault();
    const words = this.words.trim();
    if (words !== "") {
      emit(this, "pl-send", words);
    }
  }

  private key(event: KeyboardEvent): void {
    event.stopPropagation();
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      this.submit(event);
    }
  }

  override render() {
    return html`<pl-dialog .open=${this.open} .heading=${t("ask.title", { host: this.host })}>${this.open ? this.form() : nothing}</pl-dialog>`;
  }

  private form() {
    return html`<form @submit=${(e: Event) => this.submit(e)}>
        <div class="field">
          <label class="sr" for="words">${t("ask.label")}</label>
          <textarea
            id="words"
            autofocus
            maxlength=${QUESTION_MAX}
            placeholder=${t("ask.example")}
            aria-describedby="lead"
            .value=${this.words}
            @input=${(e: Event) => (this.words = (e.target as HTMLTextAreaElement).value)}
            @keydown=${(e: KeyboardEvent) => this.key(e)}
          ></textarea>
        </div>
        ${this.failure === "" ? nothing : html`<p class="small bad" role="alert">${this.failure}</p>`}
        <div class="foot">
          <p class="small muted" id="lead">${this.words.length > QUESTION_MAX - 100 ? t("ask.count", { n: this.words.length, most: QUESTION_MAX }) : t("ask.lead")}</p>
          <button class="primary" ?disabled=${this.words.trim() === ""}>${icon("send")}${t("ask.send")}</button>
        </div>
      </form>
      ${this.questions.length === 0
        ? nothing
        : html`<section>
            <h3>${t("ask.list")}</h3>
            <ul>
              ${[...this.questions].reverse().map(
                (q) => html`<li>
                  ${q.text}<br /><span class="small muted">${q.participant === this.me ? t("ask.you") : q.name !== "" ? q.name : t("common.guest")}</span>
                </li>`,
              )}
            </ul>
          </section>`}`;
  }
}
