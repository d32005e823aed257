/* <pl-stage-sources>: a sheet with the live sources, to put on stage or take off. Emits `pl-on` (source's
 * id), `pl-off` (source's id), `pl-close`. */
import { css, html, LitElement, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { LiveSource } from "../core/api";
import { t, type Key } from "../core/strings";
import { emit } from "./events";
import { icon } from "./icons";
import { shared } from "./styles";
import "./dialog";

@customElement("pl-stage-sources")
export class StageSources extends LitElement {
  @property({ type: Boolean }) open = false;
  @property() visit = "";
  /* Null while loading. */
  @property({ attribute: false }) sources: readonly LiveSource[] | null = null;
  @property() failure = "";
  /* The one that is being put on or taken off. */
  @property() busy = "";

  static override styles = [
    shared,
    css`
      li {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 2px var(--s3);
        align-items: center;
        padding: var(--s3) 0;
        border-top: 1px solid var(--line);
      }
      li button {
        padding: 0 var(--s4);
      }
      b {
        display: block;
        overflow-wrap: anywhere;
      }
      .body {
        display: grid;
        gap: var(--s4);
      }
    `,
  ];

  override render() {
    return html`<pl-dialog .open=${this.open} .heading=${t("visit.sources_title")}>${this.open ? this.body() : nothing}</pl-dialog>`;
  }

  private body() {
    const { sources } = this;
    return html`<div class="body">
      <p class="muted">${t("visit.sources_lead")}</p>
      ${this.failure === "" ? nothing : html`<p class="notice" role="alert">${icon("warn")}${this.failure}</p>`}
      ${sources === null
        ? html`<p class="muted" role="status">${t("common.loading")}</p>`
        : sources.length === 0
          ? html`<p>${t("visit.sources_none")} <a href="#/sources">${t("visit.sources_add")}</a></p>`
          : html`<ul>
              ${sources.map((s) => this.source(s))}
            </ul>`}
    </div>`;
  }

  private source(s: LiveSource) {
    const here = s.visit === this.visit;
    const elsewhere = s.visit !== null && !here;
    const words = [t(`sources.kind.${s.kind}` as Key), here ? t(`sources.state.${s.state}` as Key) : elsewhere ? t("visit.source_elsewhere") : ""].filter((w) => w !== "");
    return html`<li>
      <span><b>${s.name}</b><span class="small muted">${words.join(" · ")}</span></span>
      ${here
        ? html`<button ?disabled=${this.busy === s.id} aria-label=${t("visit.source_off", { name: s.name })} @click=${() => emit(this, "pl-off", s.id)}>${t("visit.source_off_short")}</button>`
        : html`<button class="primary" ?disabled=${elsewhere || this.busy === s.id} aria-label=${t("visit.source_on", { name: s.name })} @click=${() => emit(this, "pl-on", s.id)}>${t("visit.source_on_short")}</button>`}
    </li>`;
  }
}
