/* <pl-door>: what a customer meets first: a card that names person, company, time and product, then
 * one question about consent. Emits `pl-enter` {name, recording}. */
import { css, html, LitElement, nothing, type PropertyValues } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import type { ProductCard, VisitBoot } from "../core/boot";
import { firstName } from "../core/names";
import { language, t } from "../core/strings";
import { moment } from "../core/time";
import { emit } from "./events";
import { icon } from "./icons";
import { shared } from "./styles";
import "./lobby-art";

export interface Entering {
  readonly name: string;
  readonly recording: boolean;
}

@customElement("pl-door")
export class Door extends LitElement {
  @property({ attribute: false }) boot!: VisitBoot;
  @property({ reflect: true }) step: "card" | "consent" = "card";
  @query("#record") private readonly record!: HTMLInputElement | null;
  @query("#name") private readonly nameField!: HTMLInputElement | null;
  @query("h1") private readonly heading!: HTMLElement | null;

  static override styles = [
    shared,
    css`
      :host {
        display: grid;
        min-height: 100dvh;
        grid-template-rows: minmax(200px, 1fr) auto;
        background: var(--paper);
      }
      /* The picture takes what is left; it never makes the page longer. */
      pl-lobby-art {
        grid-area: 1 / 1 / 2 / 2;
        margin-bottom: -28px;
        contain: size;
      }
      main {
        position: relative;
        background: var(--paper);
        border-radius: 28px 28px 0 0;
        padding: var(--s5) var(--s5) calc(var(--s5) + env(safe-area-inset-bottom));
        display: grid;
        gap: var(--s5);
        align-content: center;
      }
      h1 {
        font-size: clamp(1.9rem, 1.4rem + 2.2vw, 3rem);
      }
      .host {
        display: flex;
        gap: var(--s3);
        align-items: center;
      }
      .face {
        width: 44px;
        height: 44px;
        flex: none;
        border-radius: 50%;
        background: var(--accent-soft);
        color: var(--accent-ink);
        display: grid;
        place-items: center;
        font: 600 1.2rem var(--display);
      }
      .host div {
        min-width: 0;
      }
      .host b {
        display: block;
        line-height: 1.25;
        overflow-wrap: anywhere;
      }
      .intro {
        display: grid;
        gap: var(--s3);
      }
      .product {
        display: flex;
        gap: var(--s4);
        align-items: center;
        padding: var(--s4);
      }
      .product svg.i {
        width: 28px;
        height: 28px;
        color: var(--accent-ink);
      }
      .products {
        display: grid;
        gap: var(--s2);
      }
      .promises {
        display: grid;
        gap: var(--s4);
      }
      .promises li,
      .record {
        display: grid;
        grid-template-columns: 24px 1fr;
        gap: 2px var(--s3);
      }
      .promises svg.i {
        grid-row: 1 / 3;
        color: var(--accent-ink);
        margin-top: 1px;
      }
      .promises p,
      .record p {
        grid-column: 2;
      }
      .record {
        border-top: 1px solid var(--line);
        padding-top: var(--s4);
      }
      /* Always in reach of a thumb, however long the words above are. */
      .actions {
        display: flex;
        gap: var(--s2);
        position: sticky;
        bottom: 0;
        margin: 0 calc(-1 * var(--s5)) calc(-1 * var(--s5));
        padding: var(--s3) var(--s5) calc(var(--s4) + env(safe-area-inset-bottom));
        background: var(--paper);
      }
      .actions .primary {
        flex: 1;
      }
      .actions .quiet {
        width: 56px;
        min-height: 56px;
        padding: 0;
        border-color: var(--edge);
      }
      :host([step="consent"]) {
        grid-template-rows: minmax(88px, 1fr) auto;
      }
      h1.long {
        font-size: var(--step-2);
      }
      @media (max-width: 899px) {
        :host([step="consent"]) main {
          gap: var(--s4);
        }
      }
      @media (min-width: 900px) {
        :host,
        :host([step="consent"]) {
          grid-template: 1fr / 1fr minmax(480px, 42%);
        }
        pl-lobby-art {
          grid-area: 1 / 1;
          margin: 0;
        }
        main {
          grid-area: 1 / 2;
          border-radius: 0;
          padding: var(--s7);
          gap: var(--s6);
        }
        main > * {
          max-width: 520px;
        }
        .actions {
          position: static;
          margin: 0;
          padding: 0;
        }
      }
      @media (min-width: 2400px) {
        main {
          zoom: 1.4;
        }
      }
    `,
  ];

  protected override updated(changed: PropertyValues): void {
    if (changed.get("step") !== undefined) {
      this.heading?.focus();
      this.scrollIntoView();
    }
  }

  private enter(): void {
    const detail: Entering = {
      name: this.nameField?.value.trim() ?? "",
      recording: this.record?.checked ?? false,
    };
    emit(this, "pl-enter", detail);
  }

  override render() {
    return html`<pl-lobby-art></pl-lobby-art>
      ${this.step === "card" ? this.card() : this.consent()}`;
  }

  private card() {
    const { visit, invite } = this.boot;
    const host = visit.host.name;
    const company = visit.company.name;
    const when = visit.starts_at === null || visit.state !== "planned" ? "" : moment(visit.starts_at, new Date(), language());
    return html`<main>
      <div class="host">
        <span class="face" aria-hidden="true">${(host || company || "P").slice(0, 1)}</span>
        <div>
          <b>${host !== "" ? host : company}</b>
          <span class="muted small">
            ${host !== "" && company !== "" ? html`${company} · ` : nothing}${when === "" ? t("card.now") : t("card.when_there", { when })}
          </span>
        </div>
      </div>
      <div class="intro">
        <p class="muted">${invite.name !== "" ? html`${t("card.invited")}, ${invite.name}.` : html`${t("card.invited")}.`}</p>
        <h1 tabindex="-1" class=${visit.title.length > 60 ? "long" : ""}>${visit.title !== "" ? visit.title : host !== "" ? t("card.by_host", { host }) : t("card.by_company", { company })}</h1>
      </div>
      ${visit.products.length === 0
        ? nothing
        : html`<ul class="products" aria-label=${t("card.bring")}>
            ${visit.products.slice(0, 3).map((product) => this.product(product))}
          </ul>`}
      <div class="actions">
        <button class="primary big" @click=${() => (this.step = "consent")}>${icon("doorOpen")}${t("card.enter")}</button>
      </div>
    </main>`;
  }

  private product(product: ProductCard) {
    const size = product.size_mm;
    const cm = (mm: number): string => new Intl.NumberFormat(language(), { maximumFractionDigits: 0 }).format(mm / 10);
    return html`<li class="card product">
      ${icon("lamp")}
      <div>
        <b>${product.name}</b>
        ${product.summary === "" ? nothing : html`<p class="small muted">${product.summary}</p>`}
        ${size === null ? nothing : html`<p class="small muted">${t("card.size", { w: cm(size.w), h: cm(size.h), d: cm(size.d) })}</p>`}
      </div>
    </li>`;
  }

  private consent() {
    const { visit, invite } = this.boot;
    const host = visit.host.name !== "" ? firstName(visit.host.name) : visit.company.name;
    return html`<main>
      <div class="intro">
        <h1 tabindex="-1">${t("consent.title")}</h1>
        <p class="muted">${t("consent.lead")}</p>
      </div>
      <ul class="promises">
        <li>${icon("shield")}<b>${t("consent.nothing")}</b><p class="small muted">${t("consent.nothing_more")}</p></li>
        <li>${icon("ear")}<b>${t("consent.hear", { host })}</b><p class="small muted">${t("consent.hear_more")}</p></li>
      </ul>
      <div class="field">
        <label for="name">${t("consent.name", { host })}</label>
        <input id="name" autocomplete="name" maxlength="60" .value=${invite.name} aria-describedby="name-hint" />
        <p class="small muted" id="name-hint">${t("consent.name_hint")}</p>
      </div>
      ${visit.recording === "off"
        ? nothing
        : html`<div class="record">
            <input type="checkbox" id="record" aria-describedby="record-more" />
            <label for="record">${t(visit.recording === "on" ? "consent.recorded" : "consent.record", { host })}</label>
            <p class="small muted" id="record-more">${t(visit.recording === "on" ? "consent.recorded_more" : "consent.record_more", { host })}</p>
          </div>`}
      <div class="actions">
        <button class="quiet" aria-label=${t("common.back")} @click=${() => (this.step = "card")}>${icon("back")}</button>
        <button class="primary big" @click=${() => this.enter()}>${t("consent.enter")}</button>
      </div>
      <p class="small"><a href="/check" target="_blank" rel="noopener">${t("reach.link")}</a></p>
    </main>`;
  }
}
