/* <pl-person-view>: a virtual person in a sample room, as customers see them.
 * <pl-person>: the same beside what is said about it, and a sheet to choose how the person is cut out and to mark their
 * height, head and feet. Emits `pl-open`, `pl-close`, `pl-method` (word), `pl-plate`, `pl-mark` {settings that change},
 * `pl-done`. */
import { css, html, LitElement, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { MatteLayout } from "../core/matte-layout";
import { isMeasured, METHODS, UNMEASURED, type PersonSettings } from "../core/person";
import { t, type Key } from "../core/strings";
import { emit } from "./events";
import { icon } from "./icons";
import { shared } from "./styles";
import "./dialog";
import "./video";

@customElement("pl-person-view")
export class PersonView extends LitElement {
  @property({ attribute: false }) stream: MediaStream | null = null;
  @property({ attribute: false }) layout: MatteLayout | null = null;

  static override styles = css`
    :host {
      display: block;
      position: relative;
      overflow: hidden;
      background: #e7ddcd;
    }
    svg,
    pl-video {
      position: absolute;
      inset: 0;
      width: 100%;
      height: 100%;
    }
  `;

  override render() {
    return html`<svg viewBox="0 0 640 360" preserveAspectRatio="xMidYMax slice" aria-hidden="true">
        <rect width="640" height="360" fill="#e7ddcd" />
        <rect y="286" width="640" height="74" fill="#b58e68" />
        <rect y="280" width="640" height="7" fill="#f6efe3" />
        <g fill="#f6efe3"><rect x="46" y="46" width="150" height="170" rx="3" /></g>
        <g fill="#bcd6e0">
          <rect x="54" y="54" width="63" height="72" /><rect x="125" y="54" width="63" height="72" />
          <rect x="54" y="134" width="63" height="74" /><rect x="125" y="134" width="63" height="74" />
        </g>
        <rect x="470" y="70" width="96" height="70" rx="2" fill="#7c5a41" />
        <path d="M476 134l28-34 20 18 14-12 22 28z" fill="#d99a6c" />
        <rect x="576" y="130" width="4" height="150" fill="#5a4334" />
        <path d="M556 132l10-46h24l10 46z" fill="#ffd9a0" />
        <ellipse cx="578" cy="284" rx="26" ry="5" fill="#5a4334" />
      </svg>
      <pl-video fit="contain" .stream=${this.layout === null ? null : this.stream} .matte=${this.layout} .label=${t("person.view")}></pl-video>`;
  }
}

@customElement("pl-person")
export class Person extends LitElement {
  @property({ attribute: false }) stream: MediaStream | null = null;
  @property({ attribute: false }) layout: MatteLayout | null = null;
  @property({ attribute: false }) settings: PersonSettings = UNMEASURED;
  @property({ type: Boolean }) measured = false;
  @property({ type: Boolean }) open = false;
  @property() words = "";
  @property({ type: Boolean }) fine = false;
  /* Goes on while the page is hidden. */
  @property({ type: Boolean }) hiddenToo = true;
  @property({ type: Boolean }) counting = false;

  static override styles = [
    shared,
    css`
      :host {
        display: grid;
        gap: var(--s3);
      }
      pl-person-view {
        width: 100%;
        border-radius: var(--round);
      }
      h2 {
        font-size: var(--step-1);
      }
      .body {
        display: grid;
        gap: var(--s4);
      }
      .look {
        position: relative;
        border-radius: var(--round);
        overflow: hidden;
      }
      .line {
        position: absolute;
        left: 0;
        right: 0;
        border-top: 2px solid #fff;
        box-shadow: 0 0 0 1px rgb(0 0 0 / 0.55);
        pointer-events: none;
      }
      .line span {
        position: absolute;
        left: 8px;
        top: 4px;
        padding: 0 8px;
        border-radius: var(--pill);
        background: rgb(23 19 15 / 0.82);
        color: #fff;
        font-size: var(--step--1);
      }
      .line.low span {
        top: auto;
        bottom: 4px;
      }
      .ways {
        display: grid;
        gap: var(--s2);
      }
      .ways label {
        display: flex;
        gap: var(--s3);
        align-items: start;
        padding: var(--s3);
        border: 1px solid var(--line);
        border-radius: var(--round);
        cursor: pointer;
      }
      .ways label:has(:checked) {
        border-color: var(--accent);
      }
      .ways small {
        display: block;
        color: var(--muted);
        font-size: var(--step--1);
        font-weight: 400;
      }
      input[type="radio"],
      input[type="checkbox"] {
        width: 20px;
        height: 20px;
        min-height: 0;
        flex: none;
        margin: 2px 0 0;
        accent-color: var(--accent);
      }
      input[type="range"] {
        width: 100%;
        min-height: 32px;
        padding: 0;
        border: 0;
        accent-color: var(--accent);
      }
      .marks {
        display: grid;
        gap: var(--s4);
        grid-template-columns: repeat(auto-fit, minmax(min(220px, 100%), 1fr));
      }
      .tick {
        display: flex;
        gap: var(--s3);
        align-items: center;
        min-height: 44px;
      }
      legend {
        font-weight: 600;
        padding: 0;
        margin-bottom: var(--s2);
      }
      .two {
        display: grid;
        gap: var(--s4);
      }
      @media (min-width: 760px) {
        .two {
          grid-template-columns: 1.3fr 1fr;
          align-items: start;
        }
      }
    `,
  ];

  private get shape(): string {
    const { layout } = this;
    return layout === null ? "16 / 9" : `${layout.colour.w * layout.width} / ${layout.colour.h * layout.height}`;
  }

  private view() {
    return html`<pl-person-view style="aspect-ratio:${this.shape}" .stream=${this.stream} .layout=${this.layout}></pl-person-view>`;
  }

  override render() {
    return html`<h2>${t("person.title")}</h2>
      ${this.open ? nothing : this.view()}
      <p class="small ${this.fine ? "muted" : ""}" role="status">${this.words}</p>
      ${this.hiddenToo ? nothing : html`<p class="small muted">${t("person.keep_open")}</p>`}
      <button @click=${() => emit(this, "pl-open")}>${icon("settings")}${t(this.measured ? "person.adjust" : "person.measure")}</button>
      <pl-dialog wide .open=${this.open} .heading=${t("person.sheet")} @pl-close=${() => emit(this, "pl-close")}>
        ${this.open ? this.sheet() : nothing}
      </pl-dialog>`;
  }

  private sheet() {
    const { settings } = this;
    return html`<div class="body">
      <div class="two">
        <div class="body">
          <div class="look">
            ${this.view()}
            <div class="line" style="top:${settings.head * 100}%"><span>${t("person.head")}</span></div>
            <div class="line low" style="top:${settings.low * 100}%"><span>${t(settings.full ? "person.feet" : "person.chin")}</span></div>
          </div>
          <p class="small" role="status">${this.words}</p>
        </div>
        ${this.ways()}
      </div>
      ${this.marks()}
      <button class="primary big" ?disabled=${!isMeasured(settings)} @click=${() => emit(this, "pl-done")}>${t("person.done")}</button>
    </div>`;
  }

  private ways() {
    return html`<fieldset class="ways">
      <legend>${t("person.room")}</legend>
      ${METHODS.map(
        (method) => html`<label>
          <input type="radio" name="method" .checked=${this.settings.method === method} @change=${() => emit(this, "pl-method", method)} />
          <span>${t(`person.method.${method}` as Key)}<small>${t(`person.method.${method}_more` as Key)}</small></span>
        </label>`,
      )}
      ${this.settings.method === "plate"
        ? html`<button ?disabled=${this.counting} @click=${() => emit(this, "pl-plate")}>${icon("video")}${t("person.take_plate")}</button>`
        : nothing}
      <p class="small muted">${t("person.private")}</p>
    </fieldset>`;
  }

  private marks() {
    const { settings } = this;
    const share = (key: "head" | "low") => (event: Event) =>
      emit(this, "pl-mark", { [key]: Number((event.target as HTMLInputElement).value) / 100 });
    return html`<fieldset>
      <legend>${t("person.size")}</legend>
      <p class="small muted" style="margin-bottom:var(--s3)">${t("person.size_lead")}</p>
      <div class="marks">
        <div class="field">
          <label for="height">${t("person.height")}</label>
          <input
            id="height" type="number" inputmode="numeric" min="30" max="300" .value=${String(Math.round(settings.height_mm / 10))}
            @input=${(e: Event) => emit(this, "pl-mark", { height_mm: Math.round(Number((e.target as HTMLInputElement).value) * 10) })}
          />
        </div>
        <div class="field">
          <label for="head">${t("person.head")}</label>
          <input id="head" type="range" min="0" max="95" step="0.5" .value=${String(settings.head * 100)} @input=${share("head")} />
        </div>
        <div class="field">
          <label for="low">${t(settings.full ? "person.feet" : "person.chin")}</label>
          <input id="low" type="range" min="5" max="100" step="0.5" .value=${String(settings.low * 100)} @input=${share("low")} />
        </div>
        <label class="tick">
          <input type="checkbox" .checked=${settings.full} @change=${(e: Event) => emit(this, "pl-mark", { full: (e.target as HTMLInputElement).checked })} />
          ${t("person.full")}
        </label>
      </div>
    </fieldset>`;
  }
}
