/* <pl-closed>: a page that cannot be opened, or one that is over, in words. The slot takes what can
 * be done about it. */
import { css, html, LitElement, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { shared } from "./styles";
import "./lobby-art";

@customElement("pl-closed")
export class Closed extends LitElement {
  @property() heading = "";
  @property() text = "";
  @property() company = "";

  static override styles = [
    shared,
    css`
      :host {
        display: grid;
        min-height: 100dvh;
        grid-template-rows: minmax(180px, 1fr) auto;
      }
      main {
        padding: var(--s6) var(--s5) calc(var(--s6) + env(safe-area-inset-bottom));
        display: grid;
        gap: var(--s4);
        justify-items: start;
        align-content: center;
        max-width: 560px;
        background: var(--paper);
      }
      pl-lobby-art {
        contain: size;
      }
      .brand {
        font: 600 1.2rem var(--display);
      }
      @media (min-width: 900px) {
        :host {
          grid-template: 1fr / 1fr minmax(440px, 42%);
        }
        pl-lobby-art {
          grid-area: 1 / 1;
        }
        main {
          grid-area: 1 / 2;
          padding: var(--s7);
        }
      }
    `,
  ];

  override render() {
    return html`<pl-lobby-art></pl-lobby-art>
      <main>
        ${this.company === "" ? nothing : html`<p class="brand">${this.company}</p>`}
        <h1>${this.heading}</h1>
        <p class="muted">${this.text}</p>
        <slot></slot>
      </main>`;
  }
}
