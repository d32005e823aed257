/* <pl-sign-in>: email and password. Emits `pl-sign-in` {email, password}. */
import { css, html, LitElement, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { t } from "../core/strings";
import { emit } from "./events";
import { icon } from "./icons";
import { shared } from "./styles";
import "./lobby-art";

@customElement("pl-sign-in")
export class SignIn extends LitElement {
  @property() company = "";
  @property() failure = "";
  @property({ type: Boolean }) busy = false;

  static override styles = [
    shared,
    css`
      :host {
        display: grid;
        min-height: 100dvh;
        grid-template-rows: minmax(160px, 1fr) auto;
      }
      main {
        background: var(--paper);
        padding: var(--s6) var(--s5);
        display: grid;
        align-content: center;
        gap: var(--s5);
      }
      .brand {
        font: 600 1.35rem var(--display);
      }
      form {
        display: grid;
        gap: var(--s4);
        max-width: 400px;
        width: 100%;
      }
      pl-lobby-art {
        contain: size;
      }
      @media (max-width: 899px) {
        :host {
          grid-template-rows: minmax(96px, 1fr) auto;
        }
        main {
          padding: var(--s5);
          gap: var(--s4);
        }
      }
      @media (min-width: 900px) {
        :host {
          grid-template: 1fr / 1fr minmax(440px, 40%);
        }
        main {
          padding: var(--s7);
        }
      }
    `,
  ];

  private submit(event: SubmitEvent): void {
    event.preventDefault();
    const data = new FormData(event.target as HTMLFormElement);
    emit(this, "pl-sign-in", { email: String(data.get("email") ?? ""), password: String(data.get("password") ?? "") });
  }

  override render() {
    return html`<pl-lobby-art></pl-lobby-art>
      <main>
        <p class="brand">${this.company !== "" ? this.company : t("app.name")}</p>
        <div>
          <h1>${t("console.sign_in_title")}</h1>
          <p class="muted" style="margin-top:8px">${t("console.sign_in_lead")}</p>
        </div>
        <form @submit=${(e: SubmitEvent) => this.submit(e)}>
          ${this.failure === "" ? nothing : html`<p class="notice" role="alert">${icon("warn")}${this.failure}</p>`}
          <div class="field">
            <label for="email">${t("console.email")}</label>
            <input id="email" name="email" type="email" autocomplete="username" required />
          </div>
          <div class="field">
            <label for="password">${t("console.password")}</label>
            <input id="password" name="password" type="password" autocomplete="current-password" required />
          </div>
          <button class="primary big" ?disabled=${this.busy}>${t("console.sign_in")}</button>
        </form>
      </main>`;
  }
}
