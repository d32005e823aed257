/* <pl-new-source>: a sheet to add a live source. Emits `pl-create` NewSource, `pl-close`. */
import { css, html, LitElement, nothing, type PropertyValues } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { NewSource, SourceKind, WalkthroughInfo } from "../core/api";
import { t, type Key } from "../core/strings";
import { emit } from "./events";
import { icon } from "./icons";
import { shared } from "./styles";
import "./dialog";
import "./green";

const KINDS: readonly SourceKind[] = ["rtmp", "srt", "srt-caller", "rtsp", "playlist"];
const SCHEMES: Partial<Record<SourceKind, RegExp>> = { rtsp: /^rtsps?:\/\/[^\s/]+/, "srt-caller": /^srt:\/\/[^\s/]+/ };

type Wrong = "" | "name" | "url" | "films" | "passphrase";

@customElement("pl-new-source")
export class NewSourceElement extends LitElement {
  @property({ type: Boolean }) open = false;
  @property({ type: Boolean }) busy = false;
  @property() failure = "";
  /* What a playlist can be made of. */
  @property({ attribute: false }) walkthroughs: readonly WalkthroughInfo[] = [];
  @state() private kind: SourceKind = "rtmp";
  @state() private key = "";
  @state() private wrong: Wrong = "";

  static override styles = [
    shared,
    css`
      form {
        display: grid;
        gap: var(--s5);
      }
      fieldset {
        display: grid;
        gap: 0;
      }
      legend {
        margin-bottom: var(--s1);
      }
      .pick {
        display: flex;
        gap: var(--s3);
        align-items: center;
        min-height: 52px;
        font-weight: 550;
      }
      .pick span span {
        display: block;
        font-weight: 400;
        line-height: 1.35;
      }
    `,
  ];

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("open") && this.open) {
      this.kind = "rtmp";
      this.key = "";
      this.wrong = "";
    }
  }

  private submit(event: SubmitEvent): void {
    event.preventDefault();
    const data = new FormData(event.target as HTMLFormElement);
    const field = (name: string): string => String(data.get(name) ?? "").trim();
    const films = data.getAll("film").map(String);
    const scheme = SCHEMES[this.kind];
    const passphrase = field("passphrase");
    this.wrong =
      field("name") === ""
        ? "name"
        : scheme !== undefined && !scheme.test(field("url"))
          ? "url"
          : this.kind === "playlist" && films.length === 0
            ? "films"
            : passphrase !== "" && (passphrase.length < 10 || passphrase.length > 79)
              ? "passphrase"
              : "";
    if (this.wrong !== "") {
      this.renderRoot.querySelector<HTMLElement>(`#${this.wrong}`)?.focus();
      return;
    }
    const wish: NewSource = {
      name: field("name"),
      kind: this.kind,
      ...(scheme === undefined ? {} : { url: field("url") }),
      ...(this.kind === "playlist" ? { walkthroughs: films } : {}),
      ...(passphrase === "" ? {} : { passphrase }),
      ...(this.key === "" ? {} : { key: this.key }),
    };
    emit(this, "pl-create", wish);
  }

  override render() {
    return html`<pl-dialog .open=${this.open} .heading=${t("source.title")}>${this.open ? this.form() : nothing}</pl-dialog>`;
  }

  private form() {
    const { kind } = this;
    const ready = this.walkthroughs.filter((w) => w.state === "ready");
    return html`<form novalidate @submit=${(e: SubmitEvent) => this.submit(e)}>
      ${this.failure === "" ? nothing : html`<p class="notice" role="alert">${icon("warn")}${this.failure}</p>`}
      <div class="field">
        <label for="name">${t("source.name")}</label>
        <input id="name" name="name" maxlength="80" autofocus placeholder=${t("source.name_example")} aria-invalid=${this.wrong === "name"} />
        ${this.wrong === "name" ? html`<p class="small bad" role="alert">${t("source.needs_name")}</p>` : nothing}
      </div>
      <fieldset>
        <legend>${t("source.kind")}</legend>
        ${KINDS.map(
          (k) => html`<label class="pick">
            <input type="radio" name="kind" value=${k} .checked=${k === kind} @change=${() => (this.kind = k)} />
            <span>${t(`sources.kind.${k}` as Key)}<span class="small muted">${t(`source.more.${k}` as Key)}</span></span>
          </label>`,
        )}
      </fieldset>
      ${SCHEMES[kind] === undefined
        ? nothing
        : html`<div class="field">
            <label for="url">${t("source.url")}</label>
            <input id="url" name="url" inputmode="url" autocapitalize="none" spellcheck="false" placeholder=${kind === "rtsp" ? "rtsp://camera.example:554/stream" : "srt://encoder.example:9000"} aria-invalid=${this.wrong === "url"} />
            ${this.wrong === "url" ? html`<p class="small bad" role="alert">${t(kind === "rtsp" ? "source.needs_rtsp" : "source.needs_srt")}</p>` : nothing}
          </div>`}
      ${kind === "srt" || kind === "srt-caller"
        ? html`<div class="field">
            <label for="passphrase">${t("source.passphrase")}</label>
            <input id="passphrase" name="passphrase" type="password" autocomplete="new-password" maxlength="79" aria-invalid=${this.wrong === "passphrase"} aria-describedby="passphrase-hint" />
            <p class="small ${this.wrong === "passphrase" ? "bad" : "muted"}" id="passphrase-hint">${t("source.passphrase_hint")}</p>
          </div>`
        : nothing}
      ${kind === "playlist"
        ? html`<fieldset id="films" tabindex="-1">
            <legend>${t("source.films")}</legend>
            ${ready.length === 0
              ? html`<p class="small muted">${t("source.no_films")}</p>`
              : ready.map(
                  (w) => html`<label class="pick"><input type="checkbox" name="film" value=${w.id} /><span>${w.title}</span></label>`,
                )}
            ${this.wrong === "films" ? html`<p class="small bad" role="alert">${t("source.needs_films")}</p>` : nothing}
          </fieldset>`
        : html`<pl-green what="source" .key=${this.key} @pl-key=${(e: CustomEvent<string>) => (this.key = e.detail)}></pl-green>`}
      <button class="primary big" ?disabled=${this.busy}>${t("source.create")}</button>
    </form>`;
  }
}
