/* <pl-green>: "this film has a green background": no, found by itself, or a colour. Emits `pl-key` ("",
 * "auto" or RRGGBB). */
import { css, html, LitElement, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { t } from "../core/strings";
import { emit } from "./events";
import { shared } from "./styles";

const GREEN = "00b140";

@customElement("pl-green")
export class Green extends LitElement {
  @property() key = "";
  /* "film" or "source": what the words are about. */
  @property() what: "film" | "source" = "film";

  static override styles = [
    shared,
    css`
      :host {
        display: grid;
        gap: var(--s2);
      }
      label {
        display: flex;
        gap: var(--s3);
        align-items: center;
        min-height: 44px;
      }
      label span span {
        display: block;
        font-weight: 400;
      }
      .how {
        display: grid;
        gap: 0;
        padding-left: calc(44px + var(--s3));
      }
      .how label {
        font-weight: 500;
      }
      input[type="color"] {
        width: 56px;
        min-height: 40px;
        padding: 4px;
        margin-left: auto;
        cursor: pointer;
      }
    `,
  ];

  private tell(key: string): void {
    this.key = key;
    emit(this, "pl-key", key);
  }

  override render() {
    const on = this.key !== "";
    const own = on && this.key !== "auto";
    return html`<label>
        <input type="checkbox" role="switch" .checked=${on} @change=${(e: Event) => this.tell((e.target as HTMLInputElement).checked ? "auto" : "")} />
        <span>${t(this.what === "film" ? "green.film" : "green.source")}<span class="small muted">${t("green.more")}</span></span>
      </label>
      ${on
        ? html`<div class="how" role="radiogroup" aria-label=${t("green.colour")}>
            <label><input type="radio" name="how" .checked=${!own} @change=${() => this.tell("auto")} />${t("green.auto")}</label>
            <label
              ><input type="radio" name="how" .checked=${own} @change=${() => this.tell(GREEN)} />${t("green.pick")}
              ${own
                ? html`<input type="color" aria-label=${t("green.colour")} .value=${`#${this.key.toLowerCase()}`} @input=${(e: Event) => this.tell((e.target as HTMLInputElement).value.slice(1))} />`
                : nothing}
            </label>
          </div>`
        : nothing}`;
  }
}
