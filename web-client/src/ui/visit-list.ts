/* <pl-visit-list>: all visits, those to come first. Emits `pl-new`, `pl-retry`. */
import { css, html, LitElement, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { VisitInfo } from "../core/api";
import { language, t, type Key } from "../core/strings";
import { moment } from "../core/time";
import { emit } from "./events";
import { icon } from "./icons";
import { shared } from "./styles";
import "./lobby-art";

@customElement("pl-visit-list")
export class VisitList extends LitElement {
  /* Null while loading. */
  @property({ attribute: false }) visits: readonly VisitInfo[] | null = null;
  @property() failure = "";

  static override styles = [
    shared,
    css`
      :host {
        display: grid;
        gap: var(--s5);
        padding: var(--s5) var(--s6);
        max-width: 1100px;
        align-content: start;
      }
      .top {
        display: flex;
        gap: var(--s3);
        align-items: center;
        justify-content: space-between;
        min-height: 52px;
      }
      ul {
        display: grid;
        gap: var(--s2);
      }
      .item {
        display: flex;
        gap: var(--s3);
        align-items: center;
      }
      .replay {
        flex: none;
      }
      li a.card {
        flex: 1;
        min-width: 0;
        display: grid;
        grid-template-columns: 1fr auto auto;
        gap: var(--s2) var(--s4);
        align-items: center;
        color: inherit;
        text-decoration: none;
        padding: var(--s4) var(--s5);
        transition: border-color var(--fast);
      }
      li b {
        font: 560 1.1875rem/1.25 var(--display);
        overflow-wrap: anywhere;
      }
      .small.muted {
        display: block;
        margin-top: 4px;
      }
      li .card svg.i {
        color: var(--muted);
        transform: scaleX(-1);
      }
      @media (hover: hover) {
        li a.card:hover {
          border-color: var(--accent);
        }
      }
      section {
        display: grid;
        gap: var(--s3);
      }
      section h2 {
        font: 600 var(--step--1) / 1.4 var(--text);
        letter-spacing: 0;
        color: var(--muted);
      }
      .empty {
        display: grid;
        padding: 0;
        overflow: hidden;
      }
      .empty pl-lobby-art {
        height: clamp(200px, 34vh, 360px);
      }
      .empty div {
        padding: var(--s5);
        display: grid;
        gap: var(--s3);
        justify-items: start;
      }
      .bone {
        height: 82px;
        background: linear-gradient(100deg, var(--card) 40%, var(--sunk) 50%, var(--card) 60%) 100% 0 / 250% 100%;
        animation: sweep 1.6s ease-in-out infinite;
      }
      @keyframes sweep {
        to {
          background-position: 0 0;
        }
      }
      @media (max-width: 700px) {
        :host {
          padding: var(--s4);
        }
        li a.card {
          padding: var(--s4);
          grid-template-columns: 1fr auto;
          flex-basis: 100%;
        }
        li .card svg.i {
          display: none;
        }
        .item {
          flex-wrap: wrap;
        }
        .replay {
          margin-bottom: var(--s2);
        }
      }
    `,
  ];

  override render() {
    const visits = this.visits;
    return html`<div class="top">
        <h1 style="font-size:var(--step-2)">${t("visits.title")}</h1>
        ${visits !== null && visits.length === 0
          ? nothing
          : html`<button class="primary" @click=${() => emit(this, "pl-new")}>${icon("plus")}${t("visits.new")}</button>`}
      </div>
      ${this.failure !== "" && (visits === null || visits.length === 0)
        ? this.failed()
        : visits === null
          ? this.loading()
          : visits.length === 0
            ? this.nothing()
            : html`${this.failure === "" ? nothing : html`<p class="notice" role="alert">${icon("warn")}${this.failure}</p>`}${this.list(visits)}`}`;
  }

  private failed() {
    return html`<div class="card" role="alert" style="display:grid;gap:12px;justify-items:start">
      <h2>${t("visits.failed")}</h2>
      <p class="muted">${this.failure}</p>
      <button @click=${() => emit(this, "pl-retry")}>${t("common.retry")}</button>
    </div>`;
  }

  private loading() {
    return html`<div role="status"><span class="sr">${t("visits.loading")}</span></div>
      <div class="card bone"></div>
      <div class="card bone"></div>`;
  }

  private nothing() {
    return html`<div class="card empty">
      <pl-lobby-art></pl-lobby-art>
      <div>
        <h2>${t("visits.empty")}</h2>
        <p class="muted">${t("visits.empty_more")}</p>
        <button class="primary big" @click=${() => emit(this, "pl-new")}>${icon("plus")}${t("visits.new")}</button>
      </div>
    </div>`;
  }

  private list(visits: readonly VisitInfo[]) {
    const order = { live: 0, lobby: 1, planned: 2, ended: 3 } as const;
    const when = (v: VisitInfo): string => v.starts_at ?? v.created_at ?? "";
    const coming = visits
      .filter((v) => v.state !== "ended")
      .sort((a, b) => order[a.state] - order[b.state] || when(b).localeCompare(when(a)));
    const past = visits.filter((v) => v.state === "ended").sort((a, b) => when(b).localeCompare(when(a)));
    return html`${this.section("visits.coming", coming)} ${this.section("visits.past", past)}`;
  }

  private section(title: Key, visits: readonly VisitInfo[]) {
    return visits.length === 0
      ? nothing
      : html`<section>
          <h2>${t(title)}</h2>
          <ul>
            ${visits.map((visit) => this.row(visit))}
          </ul>
        </section>`;
  }

  private replay({ replay, title }: VisitInfo) {
    if (replay === null) {
      return nothing;
    }
    return replay.state === "ready" && replay.slug !== null
      ? html`<a class="button replay" href="/w/${replay.slug}" target="_blank" rel="noopener" aria-label="${t("visits.replay")}: ${title}">${icon("play")}${t("visits.replay")}</a>`
      : html`<span class="chip replay" role="status">${t(replay.state === "failed" ? "visits.replay_failed" : "visits.replay_making")}</span>`;
  }

  private row(visit: VisitInfo) {
    const now = new Date();
    const when =
      visit.starts_at !== null
        ? moment(visit.starts_at, now, language())
        : visit.created_at !== null
          ? t("visits.made", { when: moment(visit.created_at, now, language()) })
          : "";
    const there = visit.people.present > 0 && visit.state !== "ended" ? t("visits.present", { n: visit.people.present }) : "";
    return html`<li class="item">
      <a class="card" href="#/visits/${visit.id}">
        <span>
          <b>${visit.title}</b>
          <span class="small muted">${[when, there].filter((s) => s !== "").join(" · ")}</span>
        </span>
        <span class="chip ${visit.state === "live" ? "live" : ""}">${t(`visits.state.${visit.state}` as Key)}</span>
        ${icon("back")}
      </a>
      ${this.replay(visit)}
    </li>`;
  }
}
