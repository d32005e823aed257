/* <pl-shell>: the console around its views: brand, the ways to go, who is signed in. Emits
 * `pl-sign-out`. */
import { css, html, LitElement, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { t } from "../core/strings";
import { emit } from "./events";
import { icon, type IconName } from "./icons";
import { shared } from "./styles";

@customElement("pl-shell")
export class Shell extends LitElement {
  @property() company = "";
  @property() person = "";
  @property() place: "visits" | "visit" | "walkthroughs" | "sources" | "slides" | "products" = "visits";

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
      .ways {
        display: contents;
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
          overflow: hidden;
          text-overflow: ellipsis;
          white-space: nowrap;
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
      /* On a phone the ways to go are where the thumb is. */
      @media (max-width: 700px) {
        .ways {
          display: flex;
          position: fixed;
          inset: auto 0 0;
          z-index: 10;
          padding: 6px var(--s2) calc(6px + env(safe-area-inset-bottom));
          background: color-mix(in srgb, var(--paper) 94%, transparent);
          backdrop-filter: blur(14px);
          -webkit-backdrop-filter: blur(14px);
          border-top: 1px solid var(--line);
        }
        a {
          flex: 1 1 0;
          min-width: 0;
          flex-direction: column;
          gap: 2px;
          padding: 6px 0;
          font-size: clamp(0.625rem, 2.85vw, 0.75rem);
          letter-spacing: -0.01em;
          font-weight: 600;
        }
        main {
          padding-bottom: calc(76px + env(safe-area-inset-bottom));
        }
        .brand {
          font-size: 1.15rem;
        }
      }
    `,
  ];

  override render() {
    const place = this.place === "visit" ? "visits" : this.place;
    const way = (to: "visits" | "walkthroughs" | "sources" | "slides" | "products", picture: IconName, words: string) =>
      html`<a href="#/${to}" aria-current=${place === to ? "page" : nothing}>${icon(picture)}${words}</a>`;
    return html`<nav aria-label=${t("console.nav")}>
        <div class="brand">${this.company !== "" ? this.company : t("app.name")}</div>
        <div class="ways">
          ${way("visits", "visits", t("console.visits"))} ${way("walkthroughs", "film", t("console.walkthroughs"))}
          ${way("products", "cube", t("console.products"))} ${way("sources", "radio", t("console.sources"))} ${way("slides", "slides", t("console.slides"))}
        </div>
        <div class="me">
          <b class="small">${this.person}</b>
          <button class="quiet small" @click=${() => emit(this, "pl-sign-out")}>${icon("leave")}${t("console.sign_out")}</button>
        </div>
      </nav>
      <main><slot></slot></main>`;
  }
}
