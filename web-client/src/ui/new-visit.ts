/* <pl-new-visit>: a sheet to start or plan a visit. Emits `pl-create` NewVisit, `pl-close`. */
import { css, html, LitElement, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { NewVisit, ProductInfo } from "../core/api";
import { t, type Key } from "../core/strings";
import { emit } from "./events";
import { icon } from "./icons";
import { shared } from "./styles";
import "./dialog";

const RECORDINGS = ["off", "ask", "on"] as const;

@customElement("pl-new-visit")
export class NewVisitElement extends LitElement {
  @property({ type: Boolean }) open = false;
  @property({ attribute: false }) products: readonly ProductInfo[] = [];
  @property() failure = "";
  @property({ type: Boolean }) busy = false;
  @state() private later = false;
  @state() private wrong: "" | "title" | "date" = "";

  static override styles = [
    shared,
    css`
      form {
        display: grid;
        gap: var(--s5);
      }
      fieldset {
        display: grid;
        gap: var(--s2);
      }
      .pick {
        display: flex;
        gap: var(--s3);
        align-items: center;
        font-weight: 500;
        min-height: 44px;
      }
      .pick span {
        display: block;
        line-height: 1.3;
      }
      .either {
        display: flex;
        flex-wrap: wrap;
        gap: 0 var(--s5);
      }
    `,
  ];

  private submit(event: SubmitEvent): void {
    event.preventDefault();
    const data = new FormData(event.target as HTMLFormElement);
    const title = String(data.get("title") ?? "").trim();
    const date = String(data.get("date") ?? "");
    this.wrong = title === "" ? "title" : this.later && date === "" ? "date" : "";
    if (this.wrong !== "") {
      this.renderRoot.querySelector<HTMLElement>(`#${this.wrong}`)?.focus();
      return;
    }
    const products = data.getAll("product").map(String);
    const wish: NewVisit = {
      title,
      recording: RECORDINGS.find((r) => r === data.get("recording")) ?? "off",
      ...(products.length === 0 ? {} : { products }),
      ...(this.later
        ? { starts_at: new Date(date).toISOString().replace(/\.\d+Z$/, "Z"), tz: Intl.DateTimeFormat().resolvedOptions().timeZone }
        : {}),
    };
    emit(this, "pl-create", wish);
  }

  override render() {
    return html`<pl-dialog .open=${this.open} .heading=${t("new.title")}>${this.open ? this.form() : nothing}</pl-dialog>`;
  }

  private form() {
    return html`<form novalidate @submit=${(e: SubmitEvent) => this.submit(e)}>
      ${this.failure === "" ? nothing : html`<p class="notice" role="alert">${icon("warn")}${this.failure}</p>`}
      <div class="field">
        <label for="title">${t("new.what")}</label>
        <input id="title" name="title" maxlength="120" autofocus placeholder=${t("new.what_example")} aria-invalid=${this.wrong === "title"} aria-describedby="title-hint" />
        <p class="small ${this.wrong === "title" ? "bad" : "muted"}" id="title-hint">${t(this.wrong === "title" ? "new.needs_title" : "new.what_hint")}</p>
      </div>
      ${this.products.length === 0
        ? nothing
        : html`<fieldset>
            <legend>${t("new.products")}</legend>
            ${this.products.map(
              (product) => html`<label class="pick">
                <input type="checkbox" name="product" value=${product.id} ?checked=${this.products.length === 1} />
                <span>${product.name}<span class="small muted">${product.summary}</span></span>
              </label>`,
            )}
          </fieldset>`}
      <fieldset>
        <legend>${t("new.when")}</legend>
        <div class="either">
          <label class="pick"><input type="radio" name="when" value="now" .checked=${!this.later} @change=${() => (this.later = false)} />${t("new.now")}</label>
          <label class="pick"><input type="radio" name="when" value="later" .checked=${this.later} @change=${() => (this.later = true)} />${t("new.later")}</label>
        </div>
        ${this.later
          ? html`<div class="field">
              <label for="date" class="small">${t("new.date")}</label>
              <input id="date" name="date" type="datetime-local" aria-invalid=${this.wrong === "date"} />
              ${this.wrong === "date" ? html`<p class="small bad">${t("new.needs_date")}</p>` : nothing}
            </div>`
          : nothing}
      </fieldset>
      <fieldset>
        <legend>${t("new.recording")}</legend>
        ${RECORDINGS.map(
          (choice) => html`<label class="pick">
            <input type="radio" name="recording" value=${choice} ?checked=${choice === "off"} />
            <span>${t(`new.recording_${choice}` as Key)}${choice === "off" ? nothing : html`<span class="small muted">${t(`new.recording_${choice}_more` as Key)}</span>`}</span>
          </label>`,
        )}
      </fieldset>
      <button class="primary big" ?disabled=${this.busy}>${t("new.create")}</button>
    </form>`;
  }
}
