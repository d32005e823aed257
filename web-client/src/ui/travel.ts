/* <pl-travel>: how the visit's pictures and sounds travel, folded until somebody wants to know. Emits
 * `pl-travel` {open}. */
import { css, html, LitElement, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { bitRate, lossPercent, type LiveView, type TrackTravel, type ViewerTravel } from "../core/live-view";
import { t } from "../core/strings";
import { emit } from "./events";
import { shared } from "./styles";
import "./dots";

const SHOWN = 12;

const joined = (...words: readonly string[]): string => words.filter((word) => word !== "").join(", ");

@customElement("pl-travel")
export class Travel extends LitElement {
  /* null: not known yet. */
  @property({ attribute: false }) view: LiveView | null = null;

  static override styles = [
    shared,
    css`
      :host {
        display: block;
      }
      summary {
        cursor: pointer;
        padding: 10px 0;
        font-weight: 600;
      }
      ul {
        list-style: none;
        margin: 0;
        padding: 0;
        display: grid;
        gap: 12px;
      }
      li {
        display: grid;
        gap: 2px;
      }
      .who {
        display: flex;
        justify-content: space-between;
        align-items: end;
        gap: 8px;
      }
      .kind {
        text-transform: capitalize;
      }
      .numbers {
        font-variant-numeric: tabular-nums;
      }
      h3 {
        margin: 16px 0 8px;
        font-size: var(--step-0);
      }
    `,
  ];

  override render() {
    return html`<details @toggle=${(e: Event) => emit(this, "pl-travel", { open: (e.target as HTMLDetailsElement).open })}>
      <summary>${t("travel.title")}</summary>
      ${this.view === null ? html`<p class="muted small">${t("common.loading")}</p>` : this.known(this.view)}
    </details>`;
  }

  private known(view: LiveView) {
    const more = view.viewer_count - Math.min(view.viewers.length, SHOWN);
    return html`<h3>${t("travel.in")}</h3>
      ${view.sources.length === 0
        ? html`<p class="muted small">${t("travel.no_sources")}</p>`
        : html`<ul>
            ${view.sources.flatMap((source) => source.tracks.map((track) => this.track(source.kind, track)))}
          </ul>`}
      <h3>${t("travel.out", { n: view.viewer_count })}</h3>
      <ul>
        ${view.viewers.slice(0, SHOWN).map((viewer) => this.viewer(viewer))}
      </ul>
      ${more > 0 ? html`<p class="muted small">${t("travel.more", { n: more })}</p>` : nothing}`;
  }

  private track(kind: string, track: TrackTravel) {
    const what = track.kind === "audio" ? t("travel.sound") : track.width > 0 ? `${track.width}×${track.height}` : t("travel.picture");
    const words = track.alive
      ? joined(track.codec, bitRate(track.kbit_s), t("travel.lost", { loss: lossPercent(track.lost) }))
      : t("travel.silent");
    return html`<li>
      <span><b class="kind">${kind}</b> · ${what}</span>
      <span class="small muted numbers">${words}</span>
    </li>`;
  }

  private viewer(viewer: ViewerTravel) {
    const name = viewer.name !== null && viewer.name !== "" ? viewer.name : t("common.guest");
    const { carries_kbit_s: carries, kbit_s: sent } = viewer;
    const rate = carries === null ? bitRate(sent) : t("travel.carries", { sent: bitRate(sent), possible: bitRate(carries) });
    return html`<li>
      <span class="who"><b>${name}</b><pl-dots .dots=${viewer.dots}></pl-dots></span>
      <span class="small muted numbers"
        >${viewer.dots === null
          ? t("travel.unknown")
          : joined(rate, t("travel.lost", { loss: lossPercent(viewer.loss) }), viewer.rtt_ms > 0 ? t("travel.rtt", { ms: viewer.rtt_ms }) : "")}</span
      >
    </li>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "pl-travel": Travel;
  }
}
