/* <pl-film-questions>: what was asked at seconds of a walkthrough, for staff. Emits `pl-words` {id, words},
 * `pl-clip` {id, file, key}, `pl-park` {id, parked}, `pl-question-gone` (id), and what <pl-uploads> says. */
import { css, html, LitElement, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { FilmQuestion } from "../core/film-questions";
import { t } from "../core/strings";
import { clock } from "../core/time";
import type { UploadInfo } from "../core/upload";
import { emit } from "./events";
import { icon } from "./icons";
import { shared } from "./styles";
import "./uploads";

@customElement("pl-film-questions")
export class FilmQuestions extends LitElement {
  @property({ attribute: false }) questions: readonly FilmQuestion[] = [];
  @property({ attribute: false }) uploads: readonly UploadInfo[] = [];
  @property() slug = "";
  /* The film is keyed: so may be its answers. */
  @property({ type: Boolean }) keyed = false;
  @property({ type: Boolean }) busy = false;
  /* The one that is being answered. */
  @state() private open = "";
  @state() private green: boolean | null = null;

  static override styles = [
    shared,
    css`
      :host {
        display: grid;
        gap: var(--s3);
      }
      li {
        border-top: 1px solid var(--line);
        padding: var(--s3) 0;
        display: grid;
        gap: var(--s3);
      }
      li > p {
        overflow-wrap: anywhere;
      }
      .line {
        display: flex;
        gap: var(--s2);
        flex-wrap: wrap;
        align-items: center;
      }
      form {
        display: grid;
        gap: var(--s3);
      }
      .pick {
        display: flex;
        gap: var(--s3);
        align-items: center;
        font-weight: 400;
      }
    `,
  ];

  override render() {
    return html`<pl-uploads .uploads=${this.uploads}></pl-uploads>
      <ul>
        ${this.questions.map((q) => this.one(q))}
      </ul>`;
  }

  private state(q: FilmQuestion): string {
    if (q.state !== "answered") {
      return t(q.state === "parked" ? "filmq.parked" : "filmq.open");
    }
    return q.clip_state === null || q.words !== null
      ? t("filmq.answered")
      : t(q.clip_state === "ready" ? "filmq.clip_ready" : q.clip_state === "failed" ? "filmq.clip_failed" : "filmq.clip_compiling");
  }

  private one(q: FilmQuestion) {
    return html`<li>
      <p><a href="/w/${this.slug}?t=${q.t}" target="_blank" rel="noopener">${clock(q.t)}</a> · ${q.text}</p>
      <p class="small muted">${q.name === "" ? t("common.guest") : q.name} · ${this.state(q)}</p>
      ${q.words === null || this.open === q.id ? nothing : html`<p>${q.words}</p>`}
      ${this.open === q.id ? this.form(q) : this.buttons(q)}
    </li>`;
  }

  private buttons(q: FilmQuestion) {
    return html`<div class="line">
      <button aria-label=${t("filmq.answer_to", { text: q.text })} @click=${() => {
        this.open = q.id;
        this.green = null;
      }}>${icon("ask")}${t(q.state === "answered" ? "filmq.change" : "filmq.answer")}</button>
      ${q.clip_slug === null || q.clip_state !== "ready" ? nothing : html`<a class="button" href="/w/${q.clip_slug}" target="_blank" rel="noopener">${icon("play")}${t("filmq.watch")}</a>`}
      <button class="quiet" ?disabled=${this.busy} @click=${() => emit(this, "pl-park", { id: q.id, parked: q.state !== "parked" })}>${t(q.state === "parked" ? "filmq.unpark" : "filmq.park")}</button>
      <button class="quiet" ?disabled=${this.busy} aria-label=${t("filmq.delete", { text: q.text })} @click=${() => emit(this, "pl-question-gone", q.id)}>${icon("trash")}</button>
    </div>`;
  }

  private form(q: FilmQuestion) {
    const green = this.green ?? this.keyed;
    return html`<form
      @submit=${(e: SubmitEvent) => {
        e.preventDefault();
        const words = String(new FormData(e.target as HTMLFormElement).get("words") ?? "").trim();
        this.open = "";
        emit(this, "pl-words", { id: q.id, words });
      }}
    >
      <div class="field">
        <label for="words">${t("filmq.words")}</label>
        <textarea id="words" name="words" rows="3" maxlength="1000" autofocus .value=${q.words ?? ""}></textarea>
      </div>
      <div class="line">
        <button class="primary" ?disabled=${this.busy}>${t("filmq.save")}</button>
        <button type="button" class="quiet" @click=${() => (this.open = "")}>${t("filmq.cancel")}</button>
      </div>
      <p class="small muted">${t("filmq.clip_more")}</p>
      <label class="pick"><input type="checkbox" .checked=${green} @change=${(e: Event) => (this.green = (e.target as HTMLInputElement).checked)} />${t("filmq.green")}</label>
      <div class="line">
        <input
          class="sr"
          id="clip"
          type="file"
          tabindex="-1"
          aria-hidden="true"
          aria-label=${t("filmq.clip")}
          accept="video/*,.mkv"
          @change=${(e: Event) => {
            const input = e.target as HTMLInputElement;
            const file = input.files?.[0];
            input.value = "";
            if (file !== undefined) {
              this.open = "";
              emit(this, "pl-clip", { id: q.id, file, key: green ? "auto" : "" });
            }
          }}
        />
        <button type="button" ?disabled=${this.busy} @click=${() => this.renderRoot.querySelector<HTMLInputElement>("#clip")?.click()}>${icon("upload")}${t("filmq.clip")}</button>
      </div>
    </form>`;
  }
}
