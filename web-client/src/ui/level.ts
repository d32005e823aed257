/* <pl-level>: how loud the microphone hears you. */
import { css, html, LitElement } from "lit";
import { customElement, property } from "lit/decorators.js";
import { t } from "../core/strings";

const BARS = 14;

@customElement("pl-level")
export class Level extends LitElement {
  /* 0..1 */
  @property({ type: Number }) level = 0;

  static override styles = css`
    :host {
      display: block;
    }
    div {
      display: grid;
      grid-template-columns: repeat(${BARS}, 1fr);
      gap: 4px;
      height: 28px;
    }
    i {
      border-radius: 3px;
      background: var(--line);
    }
    i.on {
      background: var(--ok);
    }
  `;

  override render() {
    const lit = Math.round(Math.max(0, this.level - 0.12) * (BARS / 0.75));
    return html`<div role="meter" aria-label=${t("device.level")} aria-valuemin="0" aria-valuemax="100" aria-valuenow=${Math.round(this.level * 100)}>
      ${Array.from({ length: BARS }, (_, i) => html`<i class=${i < lit ? "on" : ""}></i>`)}
    </div>`;
  }
}
