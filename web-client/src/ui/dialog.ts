/* <pl-dialog>: a modal sheet over <dialog>: from below on a phone, in the middle elsewhere. Emits
 * `pl-close` when a person dismisses it. */
import { css, html, LitElement, type PropertyValues } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import { t } from "../core/strings";
import { emit } from "./events";
import { icon } from "./icons";
import { shared } from "./styles";

@customElement("pl-dialog")
export class Dialog extends LitElement {
  @property({ type: Boolean }) open = false;
  @property() heading = "";
  @property({ type: Boolean, reflect: true }) wide = false;
  @query("dialog") private readonly dialog!: HTMLDialogElement;

  static override styles = [
    shared,
    css`
      :host {
        display: contents;
      }
      dialog {
        border: 1px solid var(--line);
        border-radius: 22px;
        padding: var(--s5);
        width: min(460px, calc(100vw - 32px));
        max-height: calc(100dvh - 32px);
        overflow: auto;
        background: var(--paper);
        color: var(--ink);
        box-shadow: 0 20px 80px rgb(0 0 0 / 0.35);
      }
      :host([wide]) dialog {
        width: min(900px, calc(100vw - 32px));
      }
      dialog::backdrop {
        background: rgb(23 19 15 / 0.55);
      }
      .head {
        display: flex;
        align-items: start;
        gap: var(--s3);
        margin-bottom: var(--s4);
      }
      h2 {
        flex: 1;
        padding-top: 6px;
      }
      .head button {
        width: 44px;
        padding: 0;
        margin: -4px -8px 0 0;
      }
      @media (max-width: 560px) {
        dialog,
        :host([wide]) dialog {
          margin: auto 0 0;
          width: 100%;
          max-width: 100%;
          border-radius: 22px 22px 0 0;
          border-width: 1px 0 0;
          padding-bottom: calc(var(--s5) + env(safe-area-inset-bottom));
        }
      }
      @media (prefers-reduced-motion: no-preference) {
        dialog[open] {
          animation: rise 220ms cubic-bezier(0.2, 0.7, 0.2, 1);
        }
        @keyframes rise {
          from {
            transform: translateY(24px);
            opacity: 0;
          }
        }
      }
    `,
  ];

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has("open")) {
      if (this.open && !this.dialog.open) {
        this.dialog.showModal();
      } else if (!this.open && this.dialog.open) {
        this.dialog.close();
      }
    }
  }

  private dismissed(): void {
    if (this.open) {
      this.open = false;
      emit(this, "pl-close");
    }
  }

  override render() {
    return html`<dialog aria-labelledby="heading" @close=${() => this.dismissed()}>
      <div class="head">
        <h2 id="heading">${this.heading}</h2>
        <button class="quiet" aria-label=${t("common.close")} @click=${() => this.dialog.close()}>${icon("x")}</button>
      </div>
      <slot></slot>
    </dialog>`;
  }
}
