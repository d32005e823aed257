/* <pl-shell>: the console around its views: brand, the ways to go, who is signed in. Emits
 * `pl-sign-out`. */
import { css, html, LitElement, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { t } from "../core/strings";
import { emit } from "./events";
import { icon } from "./icons";
import { shared } from "./styles";

@customElement("pl-shell")
export class Shell extends LitElement {
  @property() company = "";
  @property() person = "";
  @property() place: "visits" | "walkthroughs" | "visit" = "visits";

  static override styles = [
    shared,
    css`
      :host {
        display: grid;
        grid-template: 1fr / 220px minmax(0, 1fr);
        min-height: 100dvh;
      }
      nav {
        border-right: 1px solid var(--line);
        padding: var(--s5) var(--s4);
        display: flex;
        flex-direction: column;
        gap: 2px;
        position: sticky;
        top: 0;
        height: 100dvh;
      }
      .brand {
        font: 600 1.35rem var(--display);
        padding: 0 var(--s3) var(--s5);
      }
      a {
        color: var(--muted);
        text-decoration: none;
        padding: 10px var(--s3);
        border-radius: 10px;
        display: flex;
        gap: var(--s3);
        align-items: center;
        font-weight: 550;
        min-height: 44px;
      }
      @media (hover: hover) {
        a:hover {
          background: var(--sunk);
        }
      }
      a[aria-current] {
        background: var(--accent-soft);
        color: var(--accent-ink);
      }
      .me {
        margin-top: auto;
        display: grid;
        gap: var(--s1);
        padding: 0 var(--s3);
      }
      .me button {
        padding: 0;
        justify-content: start;
        color: var(--muted);
        font-weight: 550;
      }
      .me b {
        overflow: hidden;
        text-overflow: ellipsis;
      }
      main {
        min-width: 0;
      }
      @media (max-width: 1000px) {
        :host {
          grid-template: auto 1fr / minmax(0, 1fr);
        }
        nav {
          position: static;
          height: auto;
          flex-direction: row;
          align-items: center;
          border-right: 0;
          border-bottom: 1px solid var(--line);
          padding: var(--s2) var(--s3);
        }
        .brand {
          padding: 0 var(--s2);
          margin-right: auto;
        }
        .me {
          margin: 0;
          padding: 0;
        }
        .me b {
          display: none;
        }
        .me button {
          width: 44px;
          justify-content: center;
          font-size: 0;
          gap: 0;
        }
      }
      @media (max-width: 480px) {
        .brand {
          font-size: 1.15rem;
        }
        a {
          padding: 10px;
          font-size: 0.9375rem;
          gap: 6px;
        }
        a svg.i {
          display: none;
        }
      }
    `,
  ];

  override render() {
    const visits = this.place !== "walkthroughs";
    return html`<nav aria-label=${t("console.nav")}>
        <div class="brand">${this.company !== "" ? this.company : t("app.name")}</div>
        <a href="#/visits" aria-current=${visits ? "page" : nothing}>${icon("visits")}${t("console.visits")}</a>
        <a href="#/walkthroughs" aria-current=${visits ? nothing : "page"}>${icon("film")}${t("console.walkthroughs")}</a>
        <div class="me">
          <b class="small">${this.person}</b>
          <button class="quiet small" @click=${() => emit(this, "pl-sign-out")}>${icon("leave")}${t("console.sign_out")}</button>
        </div>
      </nav>
      <main><slot></slot></main>`;
  }
}
