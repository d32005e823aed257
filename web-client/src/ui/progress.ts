/* <pl-progress>: how far something is, as a bar that screen readers know. */
import { css, html, LitElement } from "lit";
import { customElement, property } from "lit/decorators.js";

@customElement("pl-progress")
export class Progress extends LitElement {
  /* 0..1; below 0: not known. */
  @property({ type: Number }) value = 0;
  @property() label = "";
  @property({ type: Boolean, reflect: true }) calm = false;

  static override styles = css`
    :host {
      display: block;
    }
    div {
      height: 6px;
      border-radius: 3px;
      background: var(--line);
      overflow: hidden;
    }
    i {
      display: block;
      height: 100%;
      border-radius: 3px;
      background: var(--accent);
      transition: width 240ms linear;
    }
    :host([calm]) i {
      background: var(--edge);
    }
    .unknown i {
      width: 30%;
      animation: to-and-fro 1.6s ease-in-out infinite alternate;
    }
    @keyframes to-and-fro {
      to {
        margin-left: 70%;
      }
    }
    @media (prefers-reduced-motion: reduce) {
      i {
        transition: none;
        animation: none !important;
      }
    }
  `;

  override render() {
    const known = this.value >= 0;
    const percent = Math.round(Math.min(1, Math.max(0, this.value)) * 100);
    return known
      ? html`<div role="progressbar" aria-label=${this.label} aria-valuemin="0" aria-valuemax="100" aria-valuenow=${percent}>
          <i style="width:${percent}%"></i>
        </div>`
      : html`<div class="unknown" role="progressbar" aria-label=${this.label}><i></i></div>`;
  }
}
