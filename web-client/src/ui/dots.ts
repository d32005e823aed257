/* <pl-dots>: how good a connection is, four bars and the words for them. */
import { css, html, LitElement, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { t, type Key } from "../core/strings";

@customElement("pl-dots")
export class Dots extends LitElement {
  /* 0..4; null: not known yet. */
  @property({ attribute: false }) dots: number | null = null;
  @property({ type: Boolean, attribute: "with-words" }) withWords = false;

  static override styles = css`
    :host {
      display: inline-flex;
      gap: 8px;
      align-items: end;
    }
    .bars {
      display: flex;
      gap: 3px;
      align-items: end;
      height: 18px;
    }
    i {
      width: 4px;
      border-radius: 2px;
      background: currentColor;
      opacity: 0.28;
    }
    i:nth-child(1) {
      height: 6px;
    }
    i:nth-child(2) {
      height: 10px;
    }
    i:nth-child(3) {
      height: 14px;
    }
    i:nth-child(4) {
      height: 18px;
    }
    .good i.on {
      background: var(--dots-good, var(--ok));
    }
    .fair i.on {
      background: var(--dots-fair, var(--warn));
    }
    .poor i.on {
      background: var(--dots-poor, var(--bad));
    }
    i.on {
      opacity: 1;
    }
  `;

  override render() {
    if (this.dots === null) {
      return nothing;
    }
    const dots = Math.max(0, Math.min(4, Math.round(this.dots)));
    const label = t(`dots.${dots}` as Key);
    const tone = dots >= 3 ? "good" : dots === 2 ? "fair" : "poor";
    return html`<span class="bars ${tone}" role="img" aria-label=${label} title=${label}>
        ${[1, 2, 3, 4].map((bar) => html`<i class=${bar <= dots ? "on" : ""}></i>`)}
      </span>
      ${this.withWords ? html`<span aria-hidden="true">${label}</span>` : nothing}`;
  }
}
