/* <pl-reach>: which ways lead to the server, in words for a customer and, below, for their IT. Emits
 * `pl-again` and `pl-copy`. */
import { css, html, LitElement, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { bestWay, nothingFound, verdictOf, WAYS, type Findings, type Way } from "../core/reach";
import { t, type Key } from "../core/strings";
import { emit } from "./events";
import { shared } from "./styles";

const MARKS: Record<Findings[Way]["state"], string> = { waiting: "…", trying: "…", works: "✓", blocked: "✕", absent: "–" };

@customElement("pl-reach")
export class Reach extends LitElement {
  @property({ attribute: false }) findings: Findings = nothingFound;
  @property({ attribute: false }) doors: Readonly<Partial<Record<Way, readonly string[]>>> = {};
  @property() company = "";
  @property() server = "";

  static override styles = [
    shared,
    css`
      :host {
        display: block;
        min-height: 100dvh;
        background: var(--paper);
      }
      main {
        max-width: 680px;
        margin: 0 auto;
        padding: var(--s6) var(--s5) var(--s7);
        display: grid;
        gap: var(--s5);
      }
      section,
      main > div {
        display: grid;
        gap: var(--s3);
      }
      .actions {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s3);
      }
      .brand {
        font: 600 1.2rem var(--display);
      }
      ul {
        list-style: none;
        margin: 0;
        padding: 0;
        display: grid;
        gap: var(--s3);
      }
      li {
        display: grid;
        grid-template-columns: 2rem 1fr;
        gap: 0 var(--s3);
        align-items: start;
      }
      .mark {
        font-weight: 700;
        text-align: center;
      }
      [data-state="works"] .mark {
        color: var(--ok);
      }
      [data-state="blocked"] .mark {
        color: var(--bad);
      }
      li p,
      .doors {
        grid-column: 2;
        overflow-wrap: anywhere;
      }
    `,
  ];

  private line(way: Way) {
    const finding = this.findings[way];
    const doors = this.doors[way] ?? [];
    const state = finding.state === "waiting" ? "trying" : finding.state;
    return html`<li data-way=${way} data-state=${finding.state}>
      <span class="mark" aria-hidden="true">${MARKS[finding.state]}</span>
      <b>${t(`reach.way.${way}` as Key)}</b>
      <p class="small muted">${finding.state === "works" ? t("reach.state.works", { ms: String(finding.ms) }) : t(`reach.state.${state}` as Key)}</p>
      ${doors.length === 0 ? nothing : html`<p class="small doors">${doors.join(", ")}</p>`}
    </li>`;
  }

  override render() {
    const verdict = verdictOf(this.findings);
    const best = bestWay(this.findings);
    return html`<main>
      ${this.company === "" ? nothing : html`<p class="brand">${this.company}</p>`}
      <div role="status">
        <h1>${t(`reach.verdict.${verdict}` as Key)}</h1>
        <p class="muted">${t(`reach.verdict.${verdict}.more` as Key, { way: best === null ? "" : t(`reach.way.${best}` as Key) })}</p>
      </div>
      <section>
        <h2>${t("reach.details")}</h2>
        <p class="small muted">${t("reach.details_more", { server: this.server })}</p>
        <ul>${WAYS.map((way) => this.line(way))}</ul>
      </section>
      <div class="actions">
        <button class="primary" ?disabled=${verdict === "trying"} @click=${() => emit(this, "pl-again")}>${t("reach.again")}</button>
        <button class="quiet" ?disabled=${verdict === "trying"} @click=${() => emit(this, "pl-copy")}>${t("reach.copy")}</button>
      </div>
    </main>`;
  }
}
