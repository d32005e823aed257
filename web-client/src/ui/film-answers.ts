/* <pl-film-answers>: what was asked and answered at seconds of a walkthrough, in its page. Emits `pl-ask`,
 * `pl-answer` (id, to be shown), `pl-unask` (id).
 *
 * <pl-film-answer>: a sheet with one answer. Emits `pl-close`. */
import { css, html, LitElement, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Answered, OwnQuestion } from "../core/film-questions";
import { t } from "../core/strings";
import { clock } from "../core/time";
import { emit } from "./events";
import { icon } from "./icons";
import { shared } from "./styles";
import "./dialog";

@customElement("pl-film-answers")
export class FilmAnswers extends LitElement {
  @property({ attribute: false }) answers: readonly Answered[] = [];
  /* Asked from this browser. */
  @property({ attribute: false }) mine: readonly OwnQuestion[] = [];
  /* Of those, answered and not looked at. */
  @property({ attribute: false }) news: readonly Answered[] = [];
  @property() failure = "";

  static override styles = [
    shared,
    css`
      section {
        display: grid;
        gap: var(--s3);
        justify-items: start;
      }
      h2 {
        font-size: var(--step-1);
      }
      ul {
        width: 100%;
      }
      li {
        border-top: 1px solid var(--line);
        display: flex;
        align-items: center;
        gap: var(--s2);
      }
      li > .row,
      li > span {
        flex: 1;
        min-width: 0;
      }
      .row {
        display: flex;
        justify-content: start;
        gap: var(--s4);
        padding: var(--s3) var(--s2);
        border: 0;
        border-radius: 0;
        background: transparent;
        font-weight: 400;
        text-align: left;
        white-space: normal;
        min-height: 48px;
        overflow-wrap: anywhere;
      }
      time {
        color: var(--muted);
        font-variant-numeric: tabular-nums;
        min-width: 4ch;
      }
      li > span {
        padding: var(--s3) var(--s2);
        overflow-wrap: anywhere;
      }
      .back {
        flex: none;
        width: 44px;
        padding: 0;
      }
      .news {
        display: flex;
        gap: var(--s3);
        align-items: center;
        flex-wrap: wrap;
        width: 100%;
        padding: var(--s3) var(--s4);
        border-radius: var(--round);
        background: var(--accent-soft);
        color: var(--accent-ink);
      }
    `,
  ];

  override render() {
    const waiting = this.mine.filter((m) => !this.answers.some((q) => q.id === m.id));
    const [first] = this.news;
    return html`<section>
      <h2>${t("filmask.heading")}</h2>
      <div role="status" style="width:100%">
        ${first === undefined
          ? nothing
          : html`<p class="news">
              ${icon("ask")}<span>${t("filmask.news")}</span>
              <button @click=${() => emit(this, "pl-answer", first.id)}>${t("filmask.show")}</button>
            </p>`}
      </div>
      <button @click=${() => emit(this, "pl-ask")}>${icon("ask")}${t("filmask.ask")}</button>
      ${this.failure === "" ? nothing : html`<p class="notice" role="alert">${icon("warn")}${this.failure}</p>`}
      ${this.answers.length === 0 && waiting.length === 0
        ? nothing
        : html`<ul>
            ${this.answers.map(
              (q) => html`<li>
                <button class="row" @click=${() => emit(this, "pl-answer", q.id)}>
                  <time>${clock(q.t)}</time><span>${q.text}<br /><span class="small muted">${t(q.answer.clip === null ? "filmask.in_words" : "filmask.by_clip")}</span></span>
                </button>
                ${this.mine.some((m) => m.id === q.id) ? this.back(q.id, q.text) : nothing}
              </li>`,
            )}
            ${waiting.map(
              (m) => html`<li><span>${m.text}<br /><span class="small muted">${t("filmask.waiting", { t: clock(m.t) })}</span></span>${this.back(m.id, m.text)}</li>`,
            )}
          </ul>`}
    </section>`;
  }

  private back(id: string, text: string) {
    return html`<button class="quiet back" aria-label=${t("filmask.take_back", { text })} title=${t("filmask.take_back_short")} @click=${() => emit(this, "pl-unask", id)}>${icon("trash")}</button>`;
  }
}

@customElement("pl-film-answer")
export class FilmAnswer extends LitElement {
  @property({ attribute: false }) question!: Answered;

  static override styles = [
    shared,
    css`
      .parts {
        display: grid;
        gap: var(--s4);
      }
      iframe {
        width: 100%;
        height: min(56vw, 62dvh, 480px);
        min-height: 240px;
        border: 0;
        border-radius: var(--round);
        background: #17130f;
        display: block;
      }
      .words {
        white-space: pre-wrap;
        overflow-wrap: anywhere;
        max-width: 60ch;
      }
    `,
  ];

  override render() {
    const { t: at, text, name, answer } = this.question;
    return html`<pl-dialog wide .open=${true} .heading=${text}>
      <div class="parts" @keydown=${(e: KeyboardEvent) => e.stopPropagation()}>
        <p class="small muted">${name === "" ? t("filmask.asked", { t: clock(at) }) : t("filmask.asked_by", { t: clock(at), name })}</p>
        ${answer.clip === null ? nothing : html`<iframe src=${`/w/${encodeURIComponent(answer.clip.slug)}/embed`} title=${t("filmask.clip")} allow="autoplay; fullscreen"></iframe>`}
        ${answer.words === null ? nothing : html`<p class="words">${answer.words}</p>`}
      </div>
    </pl-dialog>`;
  }
}
