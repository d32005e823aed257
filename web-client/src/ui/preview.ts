/* <pl-preview>: a private look at one's camera or listen to one's microphone before it is sent, with a
 * chooser, or in words why it did not start. Emits `pl-choose` (device id), `pl-retry`, `pl-publish`,
 * `pl-close`. */
import { css, html, LitElement, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { t, type Key } from "../core/strings";
import { emit } from "./events";
import { icon } from "./icons";
import { shared } from "./styles";
import "./dialog";
import "./level";
import "./video";

export interface DeviceChoice {
  readonly id: string;
  readonly label: string;
}

@customElement("pl-preview")
export class Preview extends LitElement {
  @property() kind: "camera" | "microphone" = "camera";
  @property({ type: Boolean }) open = false;
  @property() host = "";
  @property({ attribute: false }) stream: MediaStream | null = null;
  @property({ type: Number }) level = 0;
  @property({ attribute: false }) devices: readonly DeviceChoice[] = [];
  @property() device = "";
  /* A word of media/devices.ts, or "" when all is well. */
  @property() trouble = "";

  static override styles = [
    shared,
    css`
      .body {
        display: grid;
        gap: var(--s4);
      }
      .frame {
        aspect-ratio: 4 / 3;
        border-radius: var(--round);
        overflow: hidden;
        background: var(--sunk);
        display: grid;
        place-items: center;
      }
      pl-video {
        width: 100%;
        height: 100%;
      }
      .go {
        display: grid;
        gap: var(--s2);
      }
    `,
  ];

  override render() {
    const camera = this.kind === "camera";
    return html`<pl-dialog .open=${this.open} .heading=${t(camera ? "preview.camera_title" : "preview.mic_title")}>
      ${this.open ? this.body(camera) : nothing}
    </pl-dialog>`;
  }

  private body(camera: boolean) {
    return html`<div class="body">
      ${this.trouble !== ""
        ? html`<div class="notice" role="alert">
            ${icon("warn")}
            <p>${t(camera ? "device.camera_failed" : "device.microphone_failed")} ${t(`device.${this.trouble}` as Key)}</p>
          </div>`
        : html`<p class="muted">${t(camera ? "preview.camera_lead" : "preview.mic_lead")}</p>`}
      ${this.trouble !== ""
        ? nothing
        : camera
          ? html`<div class="frame">
              ${this.stream === null
                ? html`<span class="muted">${t("common.loading")}</span>`
                : html`<pl-video mirrored .stream=${this.stream} .label=${t("preview.camera_title")}></pl-video>`}
            </div>`
          : html`<pl-level .level=${this.level}></pl-level>`}
      ${chooser(this.kind, this.devices, this.device, (id) => emit(this, "pl-choose", id))}
      <div class="go">
        ${this.trouble !== ""
          ? html`<button class="primary" @click=${() => emit(this, "pl-retry")}>${t("common.retry")}</button>`
          : html`<button class="primary big" ?disabled=${this.stream === null} @click=${() => emit(this, "pl-publish")}>
              ${icon(camera ? "video" : "mic")}${t(camera ? "preview.camera_go" : "preview.mic_go", { host: this.host })}
            </button>`}
        <button class="quiet" @click=${() => emit(this, "pl-close")}>${t("preview.not_now")}</button>
      </div>
    </div>`;
  }
}

/* A choice between devices; nothing when there is no choice. */
export function chooser(
  kind: "camera" | "microphone",
  devices: readonly DeviceChoice[],
  chosen: string,
  onchoose: (id: string) => void,
) {
  if (devices.length < 2) {
    return nothing;
  }
  return html`<div class="field">
    <label for="device-${kind}">${t(kind === "camera" ? "device.camera" : "device.microphone")}</label>
    <select id="device-${kind}" @change=${(e: Event) => onchoose((e.target as HTMLSelectElement).value)}>
      ${devices.map(
        (device, i) =>
          html`<option value=${device.id} ?selected=${device.id === chosen}>
            ${device.label !== "" ? device.label : t(kind === "camera" ? "device.camera_n" : "device.microphone_n", { n: i + 1 })}
          </option>`,
      )}
    </select>
  </div>`;
}
