/* <pl-uploads>: files on their way to the server. Emits `pl-pause`, `pl-resume`, `pl-cancel`, `pl-again`
 * (the upload's key); the last asks for the file once more. */
import { css, html, LitElement, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { leftWords } from "../core/making";
import { size, speed } from "../core/size";
import { language, t } from "../core/strings";
import type { UploadInfo } from "../core/upload";
import { emit } from "./events";
import { icon } from "./icons";
import { shared } from "./styles";
import "./progress";

@customElement("pl-uploads")
export class UploadRows extends LitElement {
  @property({ attribute: false }) uploads: readonly UploadInfo[] = [];

  static override styles = [
    shared,
    css`
      :host {
        display: grid;
        gap: var(--s3);
      }
      ul {
        display: grid;
        gap: var(--s2);
      }
      li {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: var(--s2) var(--s4);
        align-items: center;
        padding: var(--s3) var(--s4);
      }
      b {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
        display: block;
      }
      .small {
        font-variant-numeric: tabular-nums;
      }
      pl-progress {
        grid-column: 1 / 3;
      }
      .acts {
        display: flex;
        gap: var(--s1);
      }
      .acts button {
        padding: 0 var(--s3);
      }
      .acts .round {
        width: 44px;
        padding: 0;
      }
      @media (max-width: 560px) {
        li.wordy {
          grid-template-columns: minmax(0, 1fr);
        }
        li.wordy pl-progress {
          grid-column: 1;
        }
      }
    `,
  ];

  private words(u: UploadInfo): string {
    const { state } = u;
    const of = t("upload.of", { sent: size(u.sent, language()), size: size(u.size, language()) });
    switch (state) {
      case "waiting":
        return `${size(u.size, language())} · ${t("upload.waiting")}`;
      case "sending":
        return [of, u.rate === null ? "" : speed(u.rate, language()), leftWords(u.left)].filter((s) => s !== "").join(" · ");
      case "paused":
        return `${of} · ${t("upload.paused")}`;
      case "broken":
        return `${of} · ${t("upload.broken")}`;
      case "finishing":
        return t("upload.finishing");
      case "failed":
        return u.failure;
      case "interrupted":
        return `${of} · ${t("upload.interrupted")}`;
    }
  }

  override render() {
    return this.uploads.length === 0
      ? nothing
      : html`<ul aria-label=${t("upload.list")}>
          ${repeat(
            this.uploads,
            (u) => u.key,
            (u) => this.row(u),
          )}
        </ul>`;
  }

  private row(u: UploadInfo) {
    const act = (type: string) => () => emit(this, type, u.key);
    const wordy = u.state === "failed" || u.state === "interrupted";
    return html`<li class="card ${wordy ? "wordy" : ""}">
      <div>
        <b title=${u.name}>${u.name}</b>
        <span class="small ${u.state === "failed" ? "bad" : "muted"}" role=${u.state === "sending" ? nothing : "status"}>${this.words(u)}</span>
      </div>
      <div class="acts">
        ${u.state === "sending" || u.state === "waiting" || u.state === "broken"
          ? html`<button class="quiet round" aria-label=${t("upload.pause", { name: u.name })} title=${t("upload.pause_short")} @click=${act("pl-pause")}>${icon("pause")}</button>`
          : nothing}
        ${u.state === "paused"
          ? html`<button class="quiet round" aria-label=${t("upload.resume", { name: u.name })} title=${t("upload.resume_short")} @click=${act("pl-resume")}>${icon("play")}</button>`
          : nothing}
        ${u.state === "failed" ? html`<button @click=${act("pl-resume")}>${icon("replay")}${t("common.retry")}</button>` : nothing}
        ${u.state === "interrupted" ? html`<button @click=${act("pl-again")}>${icon("film")}${t("upload.choose_again")}</button>` : nothing}
        ${u.state === "finishing"
          ? nothing
          : html`<button class="quiet round" aria-label=${t("upload.cancel", { name: u.name })} title=${t("common.cancel")} @click=${act("pl-cancel")}>${icon("x")}</button>`}
      </div>
      ${u.state === "failed"
        ? nothing
        : html`<pl-progress
            ?calm=${u.state !== "sending"}
            .value=${u.state === "finishing" ? -1 : u.size > 0 ? u.sent / u.size : 0}
            .label=${t("upload.progress", { name: u.name })}
          ></pl-progress>`}
    </li>`;
  }
}
