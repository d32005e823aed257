/* <pl-replay>: what becomes of a visit's recording, and a guest's word about it. Emits `pl-consent`
 * (boolean). */
import { css, html, LitElement, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { ReplayState } from "../core/replay-watch";
import { t } from "../core/strings";
import { emit } from "./events";
import { icon } from "./icons";
import { shared } from "./styles";
import "./progress";

@customElement("pl-replay")
export class ReplayElement extends LitElement {
  @property({ attribute: false }) state: ReplayState = { name: "asking" };
  /* Said to staff, or to a guest. */
  @property({ type: Boolean }) staff = false;
  /* What the link needs to open it: a guest's invite. */
  @property() invite = "";
  /* Whether this guest's part may be kept; null: nothing to say about it. */
  @property({ attribute: false }) kept: boolean | null = null;
  /* Something about the choice, such as that it was noted or not. */
  @property() note = "";

  static override styles = [
    shared,
    css`
      :host {
        display: block;
        width: 100%;
      }
      .card {
        display: grid;
        gap: var(--s4);
      }
      .ready {
        background: var(--accent-soft);
        border-color: transparent;
        box-shadow: none;
      }
      .head {
        display: grid;
        gap: var(--s2);
      }
      h2 {
        font-size: var(--step-1);
      }
      .button {
        justify-self: start;
      }
      [role="status"]:empty {
        display: none;
      }
      label {
        display: grid;
        grid-template-columns: 24px 1fr;
        gap: 2px var(--s3);
      }
      label span {
        grid-column: 2;
        font-weight: 400;
      }
      .ready .muted {
        color: var(--ink);
      }
    `,
  ];

  override render() {
    const { state } = this;
    if (state.name === "asking") {
      return nothing; /* nothing is promised before it is known */
    }
    if (state.name === "none") {
      return this.staff ? html`<p class="muted">${t("replay.none")}</p>` : nothing;
    }
    return html`<div class="card ${state.name === "ready" ? "ready" : ""}">
      ${this.told()}
      ${this.kept === null
        ? nothing
        : html`${this.kept
              ? html`<label>
              <input type="checkbox" .checked=${this.kept} @change=${(e: Event) => emit(this, "pl-consent", (e.target as HTMLInputElement).checked)} />
              ${t("replay.kept")}<span class="small muted">${t("replay.kept_more")}</span>
            </label>`
              : html`<p class="small">${t("replay.not_kept")}</p>`}
            <div role="status">${this.note === "" ? nothing : html`<p class="small">${this.note}</p>`}</div>`}
    </div>`;
  }

  private told() {
    const { state } = this;
    switch (state.name) {
      case "making":
        return html`<div class="head">
          <h2 role="status">${t(this.staff ? "replay.waiting_staff" : "replay.waiting")}</h2>
          ${this.staff ? nothing : html`<p class="small muted">${t("replay.waiting_more")}</p>`}
          <pl-progress .value=${state.name === "making" && state.progress > 0 ? state.progress : -1} .label=${t("replay.waiting")}></pl-progress>
        </div>`;
      case "ready":
        return html`<h2 role="status">${t(this.staff ? "replay.ready_staff" : "replay.ready")}</h2>
          <a class="button primary" href="/w/${state.slug}${this.invite === "" ? "" : `?invite=${encodeURIComponent(this.invite)}`}" target="_blank" rel="noopener">${icon("play")}${t("replay.watch")}</a>`;
      case "failed":
        return html`<div class="head" role="status"><h2>${t("replay.failed")}</h2><p class="small muted">${state.why}</p></div>`;
      case "away":
        return html`<p class="muted" role="status">${t("replay.away")}</p>`;
      case "asking":
      case "none":
        return nothing;
    }
  }
}
