/* <pl-source-list>: live sources and how to send to them. Emits `pl-new`, `pl-copy` {id, what: "server" |
 * "key"}, `pl-roll` (id), `pl-delete` (id), `pl-retry`. */
import { css, html, LitElement, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { LiveSource } from "../core/api";
import { t, type Key } from "../core/strings";
import { emit } from "./events";
import { icon } from "./icons";
import { shared } from "./styles";

@customElement("pl-source-list")
export class SourceList extends LitElement {
  @property({ attribute: false }) sources: readonly LiveSource[] | null = null;
  /* Whether this person may change them. */
  @property({ type: Boolean }) mayWrite = true;
  @property() failure = "";
  @property() trouble = "";
  /* "id server" or "id key" that was just copied. */
  @property() copied = "";
  /* Names of walkthroughs by id, for playlists. */
  @property({ attribute: false }) films: ReadonlyMap<string, string> = new Map();
  @state() private revealed: ReadonlySet<string> = new Set();
  @state() private asked: { id: string; what: "roll" | "delete" } | null = null;

  static override styles = [
    shared,
    css`
      :host {
        display: grid;
        gap: var(--s5);
        padding: var(--s5) var(--s6);
        max-width: 1100px;
        align-content: start;
        grid-template-columns: minmax(0, 1fr);
      }
      .top {
        display: flex;
        gap: var(--s3);
        align-items: center;
        justify-content: space-between;
        flex-wrap: wrap;
        min-height: 52px;
      }
      .top h1 {
        font-size: var(--step-2);
      }
      .list {
        display: grid;
        gap: var(--s4);
        grid-template-columns: minmax(0, 1fr);
      }
      .source {
        display: grid;
        gap: var(--s4);
      }
      .head {
        display: grid;
        grid-template-columns: 40px minmax(0, 1fr) auto;
        gap: 0 var(--s3);
        align-items: center;
      }
      .head .kind {
        width: 40px;
        height: 40px;
        border-radius: 12px;
        background: var(--sunk);
        display: grid;
        place-items: center;
        color: var(--muted);
      }
      .connected .kind {
        background: var(--accent-soft);
        color: var(--accent-ink);
      }
      .chip.connected {
        background: color-mix(in srgb, var(--ok) 14%, var(--card));
        color: var(--ok);
      }
      .chip.lost {
        background: var(--bad-soft);
        color: var(--bad);
      }
      .chip.connected::before,
      .chip.lost::before {
        content: "";
        width: 8px;
        height: 8px;
        border-radius: 50%;
        background: currentColor;
      }
      .settings {
        display: grid;
        gap: var(--s3);
        padding: var(--s4);
        border-radius: 12px;
        background: var(--sunk);
        grid-template-columns: minmax(0, 1fr);
      }
      .setting {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 4px var(--s2);
      }
      .setting label {
        grid-column: 1 / 3;
        font-size: var(--step--1);
      }
      .setting input {
        font: 500 0.9375rem/1 ui-monospace, "Cascadia Mono", Menlo, monospace;
        min-height: 44px;
        text-overflow: ellipsis;
      }
      .setting .acts {
        display: flex;
        gap: var(--s1);
      }
      .setting button {
        padding: 0 var(--s3);
      }
      ol {
        list-style: decimal;
        padding-left: 1.3em;
        display: grid;
        gap: 4px;
      }
      .acts {
        display: flex;
        gap: var(--s2);
        flex-wrap: wrap;
        align-items: center;
      }
      .danger {
        color: var(--bad);
      }
      .card.word {
        display: grid;
        gap: var(--s3);
        justify-items: start;
      }
      .empty > svg.i {
        width: 44px;
        height: 44px;
        color: var(--accent-ink);
      }
      .bone {
        height: 120px;
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
        .source {
          padding: var(--s4);
        }
        .setting .text {
          position: absolute;
          width: 1px;
          height: 1px;
          overflow: hidden;
          clip-path: inset(50%);
        }
      }
    `,
  ];

  override render() {
    const all = this.sources;
    return html`<div class="top">
        <h1>${t("sources.title")}</h1>
        ${this.mayWrite && all !== null && all.length > 0 ? html`<button class="primary" @click=${() => emit(this, "pl-new")}>${icon("plus")}${t("sources.new")}</button>` : nothing}
      </div>
      ${this.trouble === "" ? nothing : html`<p class="notice" role="alert">${icon("warn")}${this.trouble}</p>`}
      ${this.failure !== "" && all !== null ? html`<p class="notice" role="alert">${icon("wifiOff")}${this.failure}</p>` : nothing}
      ${all === null
        ? this.failure !== ""
          ? html`<div class="card word" role="alert">
              <h2>${t("sources.failed")}</h2>
              <p class="muted">${this.failure}</p>
              <button @click=${() => emit(this, "pl-retry")}>${t("common.retry")}</button>
            </div>`
          : html`<div role="status"><span class="sr">${t("common.loading")}</span></div>
              <div class="card bone"></div>`
        : all.length === 0
          ? html`<div class="card word empty">
              ${icon("radio")}
              <h2>${t("sources.empty")}</h2>
              <p class="muted">${t("sources.empty_more")}</p>
              ${this.mayWrite ? html`<button class="primary big" @click=${() => emit(this, "pl-new")}>${icon("plus")}${t("sources.new")}</button>` : nothing}
            </div>`
          : html`<ul class="list">
              ${repeat(
                all,
                (s) => s.id,
                (s) => this.source(s),
              )}
            </ul>`}`;
  }

  private source(s: LiveSource) {
    const pushed = s.kind === "rtmp" || s.kind === "srt";
    return html`<li class="card source ${s.state}">
      <div class="head">
        <span class="kind" aria-hidden="true">${icon(s.kind === "playlist" ? "film" : "radio")}</span>
        <div style="min-width:0">
          <h2 style="font-size:var(--step-1)">${s.name}</h2>
          <span class="small muted">${t(`sources.kind.${s.kind}` as Key)}${s.key !== null && s.key !== "" ? ` · ${t("green.chip")}` : ""}</span>
        </div>
        <span class="chip ${s.state}" role="status">${t(`sources.state.${s.state}` as Key)}</span>
      </div>
      ${this.how(s)}
      ${pushed ? this.settings(s) : nothing}
      ${pushed && s.state !== "connected" ? this.steps(s) : nothing}
      ${s.url !== null && !pushed ? html`<p class="small muted" style="overflow-wrap:anywhere">${s.url}</p>` : nothing}
      ${s.kind === "playlist" ? html`<p class="small muted">${s.walkthroughs.map((w) => this.films.get(w) ?? w).join(" → ")}</p>` : nothing}
      ${this.mayWrite ? this.acts(s) : nothing}
    </li>`;
  }

  private how(s: LiveSource) {
    const parts = [
      s.detail,
      s.state === "connected" && s.delay_ms !== null ? t("sources.delay", { ms: Math.round(s.delay_ms) }) : "",
      s.visit !== null ? t("sources.on_stage") : "",
      s.state === "off" && s.visit === null ? t("sources.off_more") : "",
      s.state === "lost" ? t("sources.lost_more") : "",
    ].filter((words) => words !== "");
    return parts.length === 0 ? nothing : html`<p class="small muted">${parts.join(" · ")}</p>`;
  }

  private settings(s: LiveSource) {
    return html`<div class="settings">
      ${s.server === null ? nothing : this.setting(s, "server", t("sources.server"), s.server, false)}
      ${s.stream_key === null ? nothing : this.setting(s, "key", t("sources.key"), s.stream_key, true)}
    </div>`;
  }

  private setting(s: LiveSource, what: "server" | "key", label: string, value: string, secret: boolean) {
    const shown = !secret || this.revealed.has(s.id);
    const id = `${what}-${s.id}`;
    const copied = this.copied === `${s.id} ${what}`;
    return html`<div class="setting">
      <label for=${id}>${label}</label>
      <input id=${id} readonly type=${shown ? "text" : "password"} autocomplete="off" .value=${value} @focus=${(e: Event) => (e.target as HTMLInputElement).select()} />
      <div class="acts">
        ${secret
          ? html`<button
              aria-pressed=${shown}
              aria-label=${t(shown ? "sources.hide" : "sources.reveal", { name: s.name })}
              title=${t(shown ? "sources.hide_short" : "sources.reveal_short")}
              @click=${() => this.reveal(s.id, !shown)}
            >
              ${icon(shown ? "eyeOff" : "eye")}
            </button>`
          : nothing}
        <button aria-label=${t(what === "server" ? "sources.copy_server" : "sources.copy_key", { name: s.name })} @click=${() => emit(this, "pl-copy", { id: s.id, what })}>
          ${icon(copied ? "check" : "copy")}<span class="text" aria-live="polite">${t(copied ? "common.copied" : "common.copy")}</span>
        </button>
      </div>
    </div>`;
  }

  private steps(s: LiveSource) {
    const steps = s.kind === "rtmp" ? (["sources.obs_1", "sources.obs_2", "sources.obs_3"] as const) : (["sources.srt_1", "sources.srt_2", "sources.srt_3"] as const);
    return html`<ol class="small">
      ${steps.map((key) => html`<li>${t(key)}</li>`)}
    </ol>`;
  }

  private acts(s: LiveSource) {
    const { asked } = this;
    if (asked !== null && asked.id === s.id) {
      const roll = asked.what === "roll";
      return html`<div class="acts">
        <span class="small" role="status">${t(roll ? "sources.roll_sure" : "sources.delete_sure")}</span>
        <button @click=${() => (this.asked = null)}>${t("common.no")}</button>
        <button
          class="danger"
          @click=${() => {
            this.asked = null;
            emit(this, roll ? "pl-roll" : "pl-delete", s.id);
          }}
        >
          ${t(roll ? "sources.roll_yes" : "sources.delete_yes")}
        </button>
      </div>`;
    }
    return html`<div class="acts">
      ${s.stream_key === null ? nothing : html`<button @click=${() => (this.asked = { id: s.id, what: "roll" })}>${icon("key")}${t("sources.roll")}</button>`}
      <button class="danger" @click=${() => (this.asked = { id: s.id, what: "delete" })}>${icon("trash")}${t("sources.delete")}</button>
    </div>`;
  }

  private reveal(id: string, shown: boolean): void {
    const next = new Set(this.revealed);
    if (shown) {
      next.add(id);
    } else {
      next.delete(id);
    }
    this.revealed = next;
  }
}
