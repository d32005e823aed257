/* <pl-recording-choice>: a guest's own word about the recording, while the visit runs. Emits `pl-consent`
 * (boolean), `pl-close`. */
import { css, html, LitElement, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { t } from "../core/strings";
import { emit } from "./events";
import { shared } from "./styles";
import "./dialog";

@customElement("pl-recording-choice")
export class RecordingChoice extends LitElement {
  @property({ type: Boolean }) open = false;
  @property({ type: Boolean }) active = false;
  /* The visit records only when a guest agrees. */
  @property({ type: Boolean }) asks = false;
  @property({ type: Boolean }) mine = false;

  static override styles = [
    shared,
    css`
      div {
        display: grid;
        gap: var(--s5);
      }
      label {
        display: grid;
        grid-template-columns: 24px 1fr;
        gap: 2px var(--s3);
      }
      label span {
        font-weight: 400;
        grid-column: 2;
      }
    `,
  ];

  override render() {
    return html`<pl-dialog .open=${this.open} .heading=${t("recording.title")}>
      ${this.open
        ? html`<div>
            <p class="muted" role="status">${t(this.active ? "recording.lead_on" : this.asks ? "recording.lead_ask" : "recording.lead_wait")}</p>
            <label>
              <input type="checkbox" .checked=${this.mine} @change=${(e: Event) => emit(this, "pl-consent", (e.target as HTMLInputElement).checked)} />
              ${t("recording.mine")}<span class="small muted">${t("recording.mine_more")}</span>
            </label>
            <button class="primary" @click=${() => emit(this, "pl-close")}>${t("recording.done")}</button>
          </div>`
        : nothing}
    </pl-dialog>`;
  }
}
