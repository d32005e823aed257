/* <pl-studio>: the rep's side of a visit: exactly what the customer sees, what is shown to them, who
 * is here. Emits `pl-camera`, `pl-screen`, `pl-microphone`, `pl-start`, `pl-end`, `pl-copy`, `pl-qr`,
 * `pl-sources`, `pl-person`, `pl-device` {kind, id}. Slots: `check` (instead of the own picture before going live),
 * `person`. Keys 1 (camera), 2 (virtual person), 3 (screen), 5 (sources) and M (microphone). */
import { html, LitElement, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { WholeDelay } from "../core/delay";
import type { Feed, Participant, Quality, Question, VisitPhase } from "../core/protocol";
import type { ReplayState } from "../core/replay-watch";
import { EMPTY_STAGE, type StageView } from "../core/stage-view";
import { language, t, type Key } from "../core/strings";
import { moment, timer } from "../core/time";
import { emit } from "./events";
import { icon } from "./icons";
import { chooser, type DeviceChoice } from "./preview";
import { studioStyle } from "./studio-style";
import { onPicture, shared } from "./styles";
import "./dialog";
import "./dots";
import "./level";
import "./replay";
import "./stage";
import "./video";

@customElement("pl-studio")
export class Studio extends LitElement {
  @property() visitTitle = "";
  @property() phase: VisitPhase = "planned";
  /* When it went live, RFC 3339. */
  @property({ attribute: false }) startedAt: string | null = null;
  @property({ attribute: false }) view: StageView = EMPTY_STAGE;
  @property({ attribute: false }) streams: readonly MediaStream[] = [];
  @property({ attribute: false }) people: readonly Participant[] = [];
  @property({ attribute: false }) quality: ReadonlyMap<string, Quality> = new Map();
  @property({ attribute: false }) self: MediaStream | null = null;
  @property({ type: Boolean }) camera = false;
  @property({ type: Boolean }) microphone = false;
  @property({ type: Boolean }) screen = false;
  /* The virtual person is on; or is being loaded. */
  @property({ type: Boolean }) person = false;
  @property({ type: Boolean }) personBusy = false;
  @property({ type: Boolean }) canShare = true;
  @property({ type: Number }) level = 0;
  @property({ attribute: false }) cameras: readonly DeviceChoice[] = [];
  @property({ attribute: false }) microphones: readonly DeviceChoice[] = [];
  @property() cameraId = "";
  @property() microphoneId = "";
  @property() banner = "";
  /* What failed, in words. */
  @property({ attribute: false }) troubles: readonly string[] = [];
  @property() link = "";
  @property() qr = "";
  @property() copied: "" | "yes" | "no" = "";
  @property({ attribute: false }) products: readonly string[] = [];
  @property({ attribute: false }) questions: readonly Question[] = [];
  /* Something is recorded now. */
  @property({ type: Boolean }) recording = false;
  /* Live sources on stage, and how late the main picture is. */
  @property({ attribute: false }) feeds: readonly Feed[] = [];
  @property({ attribute: false }) delay: WholeDelay | null = null;
  @property({ type: Boolean }) onStage = false;
  /* Once it is over; null: nothing was recorded. */
  @property({ attribute: false }) replay: ReplayState | null = null;
  @state() private now = Date.now();
  @state() private ending = false;
  @state() private late = false;
  private tick: ReturnType<typeof setInterval> | undefined;

  static override styles = [shared, onPicture, studioStyle];

  override connectedCallback(): void {
    super.connectedCallback();
    this.tick = setInterval(() => (this.now = Date.now()), 1000);
    globalThis.addEventListener("keydown", this.key);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.tick);
    globalThis.removeEventListener("keydown", this.key);
  }

  private readonly key = (event: KeyboardEvent): void => {
    const at = event.composedPath()[0];
    const typing = at instanceof HTMLInputElement || at instanceof HTMLSelectElement || at instanceof HTMLTextAreaElement;
    if (typing || event.ctrlKey || event.metaKey || event.altKey || this.phase === "ended") {
      return;
    }
    switch (event.key.toLowerCase()) {
      case "1":
        emit(this, "pl-camera");
        break;
      case "2":
        emit(this, "pl-person");
        break;
      case "3":
        if (this.canShare && !this.unsent) {
          emit(this, "pl-screen");
        }
        break;
      case "5":
        if (!this.unsent) {
          emit(this, "pl-sources");
        }
        break;
      case "m":
        emit(this, "pl-microphone");
        break;
      default:
        break;
    }
  };

  /* Nothing is sent yet; the door may be open already, for people to wait. */
  private get unsent(): boolean {
    return this.phase === "planned" || this.phase === "lobby";
  }

  override render() {
    return html`<div class="desk">
        ${this.top()}
        ${this.troubles.map((words) => html`<p class="notice" role="alert">${icon("warn")}${words}</p>`)}
        ${this.phase === "ended" ? this.over() : this.frame()}
        ${this.products.length === 0
          ? nothing
          : html`<section>
              <h2 style="font-size:var(--step-1)">${t("visit.table")}</h2>
              <ul class="table">
                ${this.products.map((name) => html`<li class="card">${icon("lamp")}<b>${name}</b></li>`)}
              </ul>
            </section>`}
      </div>
      ${this.phase !== "ended"
        ? html`<aside>
            ${this.invite()} <slot name="person"></slot> ${this.asked()} ${this.here()} ${this.live()} ${this.devices()}<slot name="aside"></slot>
          </aside>`
        : this.questions.length === 0
          ? nothing
          : html`<aside>${this.asked()}</aside>`}
      ${this.dialogs()}`;
  }

  private top() {
    const live = this.phase === "live";
    const running = live && this.startedAt !== null ? timer((this.now - Date.parse(this.startedAt)) / 1000) : "";
    return html`<div class="top">
      <div class="title">
        <a class="small" href="#/visits">${icon("back")}${t("visit.back")}</a>
        <h1>${this.visitTitle}</h1>
      </div>
      <div class="right">
        ${this.phase === "ended"
          ? nothing
          : html`${this.recording ? html`<span class="chip rec" role="status">${t("recording.staff_on")}</span>` : nothing}
              <span class="chip ${live ? "live" : ""}">${t(live ? "visit.live" : this.phase === "lobby" ? "visit.lobby" : "visit.planned")} ${running}</span>
              <button @click=${() => (this.ending = true)}>${t("visit.end")}</button>`}
        ${this.unsent ? html`<button class="primary" @click=${() => emit(this, "pl-start")}>${t("visit.start")}</button>` : nothing}
      </div>
    </div>`;
  }

  private over() {
    return html`<div class="card" style="display:grid;gap:24px;justify-items:start">
      <h2>${t("visit.over")}</h2>
      ${this.replay === null ? nothing : html`<pl-replay staff .state=${this.replay}></pl-replay>`}
      <a class="button" href="#/visits">${t("visit.back")}</a>
    </div>`;
  }

  private frame() {
    const { unsent } = this;
    return html`<div class="frame">
      ${unsent
        ? this.check()
        : html`<pl-stage .view=${this.view} .streams=${this.streams} .fill=${false} @pl-late=${(e: CustomEvent<boolean>) => (this.late = e.detail)}>
              <div class="nothing">
                ${this.late
                  ? html`<h2>${t("visit.no_picture")}</h2><p>${t("visit.no_picture_more")}</p>`
                  : this.view.main === null
                  ? html`<h2>${t("visit.nothing")}</h2><p>${t("visit.nothing_more")}</p>`
                  : html`<p>${t("common.loading")}</p>`}
              </div>
            </pl-stage>
            <span class="chip tag glass">${t("visit.sees")}</span>
            ${this.age()}`}
      <div role="status">${this.banner === "" ? nothing : html`<p class="banner glass">${this.banner}</p>`}</div>
      <div class="bar" role="toolbar" aria-label=${t("visit.bar")}>
        <button class=${this.camera ? "on" : ""} aria-pressed=${this.camera} @click=${() => emit(this, "pl-camera")}>
          ${icon(this.camera ? "video" : "videoOff")}${t("visit.camera")} <kbd aria-hidden="true">1</kbd>
        </button>
        <button class=${this.person ? "on" : ""} aria-pressed=${this.person} aria-busy=${this.personBusy} @click=${() => emit(this, "pl-person")}>
          ${icon("person")}${t("visit.person")} <kbd aria-hidden="true">2</kbd>
        </button>
        ${this.canShare && !unsent
          ? html`<button class=${this.screen ? "on" : ""} aria-pressed=${this.screen} @click=${() => emit(this, "pl-screen")}>
              ${icon("screen")}${t("visit.screen")} <kbd aria-hidden="true">3</kbd>
            </button>`
          : nothing}
        ${unsent
          ? nothing
          : html`<button class=${this.onStage ? "on" : ""} aria-haspopup="dialog" @click=${() => emit(this, "pl-sources")}>
              ${icon("radio")}${t("visit.source")} <kbd aria-hidden="true">5</kbd>
            </button>`}
        <button class=${this.microphone ? "on" : ""} @click=${() => emit(this, "pl-microphone")}>
          ${icon(this.microphone ? "mic" : "micOff")}${t(this.microphone ? "visit.mic_is_on" : "visit.mic_is_off")} <kbd aria-hidden="true">M</kbd>
        </button>
      </div>
    </div>
    ${unsent ? nothing : html`<p class="crop small muted">${t("visit.crop")}</p>`}`;
  }

  /* Before going live: only the rep sees this. */
  private check() {
    return html`${this.person
        ? html`<slot name="check"></slot>
            <span class="chip tag glass">${t("visit.check_title")} · ${t("visit.check_lead")}</span>`
        : this.self === null
        ? html`<div class="nothing"><h2>${t("visit.check_title")}</h2><p>${t("visit.check_off")}</p></div>`
        : html`<pl-video style="position:absolute;inset:0" fit="contain" .stream=${this.self} .label=${t("visit.self")}></pl-video>
            <span class="chip tag glass">${t("visit.check_title")} · ${t("visit.check_lead")}</span>`}`;
  }

  private invite() {
    return html`<div class="card invite">
      <div>
        <h2 style="font-size:var(--step-1)">${t("visit.send")}</h2>
        <p class="small" style="margin-top:4px">${t("visit.send_lead")}</p>
      </div>
      <div class="row">
        <button class="primary" @click=${() => emit(this, "pl-copy")}>
          ${icon(this.copied === "yes" ? "check" : "copy")}${t(this.copied === "yes" ? "visit.copied" : "visit.copy")}
        </button>
        <button @click=${() => emit(this, "pl-qr")}>${icon("qr")}${t("visit.qr")}</button>
      </div>
      ${this.link === ""
        ? nothing
        : html`<label class="sr" for="link">${t("visit.link")}</label>
            <input class="link" id="link" readonly .value=${this.link} @focus=${(e: Event) => (e.target as HTMLInputElement).select()} />`}
      <div role="status" class="small">${this.copied === "no" ? t("visit.copy_failed") : this.copied === "yes" ? html`<span class="sr">${t("visit.copied")}</span>` : nothing}</div>
    </div>`;
  }

  /* How old the picture is; the words say what is in the number. */
  private age() {
    const { delay } = this;
    if (delay === null) {
      return nothing;
    }
    const words = t(delay.atLeast ? "visit.delay_least" : "visit.delay_whole", { ms: delay.ms });
    const parts =
      delay.source === null ? t("visit.delay_view", { view: delay.view }) : t("visit.delay_parts", { source: Math.round(delay.source), view: delay.view });
    return html`<span class="chip delay glass" title=${parts}>${words}<span class="sr">. ${parts}</span></span>`;
  }

  private asked() {
    const newest = [...this.questions].reverse();
    return html`<section>
      <h2 style="font-size:var(--step-1)">${t("visit.questions")}</h2>
      <div role="log" aria-label=${t("visit.questions")}>
        ${newest.length === 0
          ? html`<p class="muted small">${t("visit.no_questions")}</p>`
          : html`<ul class="questions" tabindex="0">
              ${newest.map(
                (q) => html`<li class="question">
                  <b>${q.text}</b><br /><span class="small muted">${t("visit.asked_at", { name: q.name !== "" ? q.name : t("common.guest"), when: moment(new Date(Math.min(Math.max(q.t, 0), 8e15)).toISOString(), new Date(this.now), language()) })}</span>
                </li>`,
              )}
            </ul>`}
      </div>
    </section>`;
  }

  private live() {
    return this.feeds.length === 0
      ? nothing
      : html`<section>
          <h2 style="font-size:var(--step-1)">${t("console.sources")}</h2>
          <ul>
            ${this.feeds.map(
              (feed) => html`<li class="person">
                <span class="small">${[feed.detail, feed.delay_ms === null ? "" : t("sources.delay", { ms: feed.delay_ms })].filter((w) => w !== "").join(" · ")}</span>
                <span class="chip ${feed.state}" role="status">${t(`sources.state.${feed.state}` as Key)}</span>
              </li>`,
            )}
          </ul>
        </section>`;
  }

  private here() {
    const people = this.people.filter((p) => p.present && p.role === "customer");
    return html`<section>
      <h2 style="font-size:var(--step-1)">${t("visit.here")}</h2>
      ${people.length === 0
        ? html`<p class="muted small">${t("visit.nobody")}</p>`
        : html`<ul>
            ${people.map(
              (p) => html`<li class="person">
                <b>${p.name !== "" ? p.name : t("common.guest")}</b>
                <span class="chip">${t(p.consented ? "visit.agreed" : "visit.waiting_consent")}</span>
                <pl-dots .dots=${this.quality.get(p.id)?.dots ?? null}></pl-dots>
              </li>`,
            )}
          </ul>`}
    </section>`;
  }

  private devices() {
    const own = this.unsent ? null : this.self;
    if (own === null && this.cameras.length < 2 && this.microphones.length < 2 && !this.microphone) {
      return nothing;
    }
    const choose = (kind: string) => (id: string) => emit(this, "pl-device", { kind, id });
    return html`<section>
      <h2 style="font-size:var(--step-1)">${t("visit.devices")}</h2>
      ${own === null ? nothing : html`<pl-video class="me" mirrored .stream=${own} .label=${t("visit.self")}></pl-video>`}
      ${chooser("camera", this.cameras, this.cameraId, choose("camera"))}
      ${chooser("microphone", this.microphones, this.microphoneId, choose("microphone"))}
      ${this.microphone ? html`<pl-level .level=${this.level}></pl-level>` : nothing}
    </section>`;
  }

  private dialogs() {
    return html`<pl-dialog .open=${this.qr !== ""} .heading=${t("visit.qr_title")} @pl-close=${() => emit(this, "pl-qr")}>
        <div class="qr">
          ${this.qr === "" ? nothing : html`<img src=${this.qr} alt=${t("visit.qr_alt")} />`}
          <p class="muted">${t("visit.qr_lead")}</p>
        </div>
      </pl-dialog>
      <pl-dialog .open=${this.ending} .heading=${t("visit.end_title")} @pl-close=${() => (this.ending = false)}>
        <p class="muted">${t("visit.end_lead")}</p>
        <div class="two" style="margin-top:24px">
          <button @click=${() => (this.ending = false)}>${t("visit.end_no")}</button>
          <button
            class="primary"
            @click=${() => {
              this.ending = false;
              emit(this, "pl-end");
            }}
          >
            ${t("visit.end_yes")}
          </button>
        </div>
      </pl-dialog>`;
  }
}
