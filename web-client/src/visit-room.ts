/* The rep's side of one visit: socket, own view of the stage, camera and screen. Lives as long as the
 * console shows that visit. */
import { html, render, type TemplateResult } from "lit";
import type { CreatedInvite, VisitInfo } from "./core/api";
import { wholeDelay, type WholeDelay } from "./core/delay";
import type { LiveView } from "./core/live-view";
import type { Question } from "./core/protocol";
import { EMPTY_STAGE, stageView } from "./core/stage-view";
import { t, type Key } from "./core/strings";
import { reduce, type Visit } from "./core/visit";
import { Capture, type CaptureKind } from "./capture";
import { canShareScreen, DeviceError, openScreen, watchDevices, type Devices, type DeviceTrouble, type Screen } from "./media/devices";
import { createRtcPeer, hasWebRtc } from "./media/rtc-peer";
import type { MediaSession, SessionState } from "./media/session";
import { Speakers } from "./media/speakers";
import { watchViewDelay } from "./media/view-delay";
import type { Size } from "./core/windows";
import { STAGE_SLOTS, watchVisit } from "./media/whep";
import { publish, type PublishedMatte, type Publisher } from "./media/whip";
import { qrUrl, words, type Api } from "./net/api";
import { serverReady, socketUrl, VisitSocket, type SocketState } from "./net/socket";
import { Windows } from "./net/windows";
import { copyText, keepAwake, stillAlive, watchNetwork } from "./page";
import { ReplayWatch } from "./replay-watch";
import type { RepPerson } from "./rep-person";
import { StageSources } from "./stage-sources";
import "./ui/studio";
import "./ui/travel";

const COPIED_STAYS = 2_500;
const TRAVEL_EVERY = 2_000;

export interface VisitRoomOptions {
  readonly host: HTMLElement;
  readonly api: Api;
  readonly visit: VisitInfo;
  readonly iceServers: readonly RTCIceServer[];
  /* Names of what is on the table. */
  readonly products: Promise<readonly string[]>;
  readonly signal: AbortSignal;
}

export class VisitRoom {
  private info: VisitInfo;
  private visit: Visit | null = null;
  private streams: readonly MediaStream[] = [];
  private session: MediaSession | null = null;
  private sessionState: SessionState = { name: "connecting" };
  private everConnected = false;
  private socket: VisitSocket | null = null;
  private socketState: SocketState = "connecting";
  private speakers: Speakers | null = null;
  private windows: Windows | null = null;
  private devices: Devices = { cameras: [], microphones: [] };
  private camera: Publisher | null = null;
  private screen: { publisher: Publisher; shared: Screen } | null = null;
  /* Loaded with the first switch-on. */
  private person: RepPerson | null = null;
  private personLoading = false;
  private muted = false;
  private trouble = "";
  private readonly deviceTrouble: Record<CaptureKind, string> = { camera: "", microphone: "" };
  private invite: CreatedInvite | null = null;
  private qr = "";
  private copied: "" | "yes" | "no" = "";
  private products: readonly string[] = [];
  private readonly sources: StageSources;
  /* From the server's door to this screen. */
  private viewMs: number | null = null;
  private replay: ReplayWatch | null = null;
  private travel: LiveView | null = null;
  private travelTimer: ReturnType<typeof setInterval> | undefined;
  /* What guests asked; stays when the visit is over. */
  private questions: readonly Question[] = [];
  /* Ends with the page's view of this visit, or with the visit. */
  private readonly life = new AbortController();
  private readonly capture: Capture;

  constructor(private readonly options: VisitRoomOptions) {
    this.info = options.visit;
    this.capture = new Capture(
      () => this.draw(),
      (kind) => void this.deviceGone(kind),
    );
    options.signal.addEventListener("abort", () => this.close(), { once: true });
    this.sources = new StageSources({ api: options.api, visit: this.info.id, signal: this.life.signal, onchange: () => this.draw() });
    void options.products.then((names) => {
      this.products = names;
      this.draw();
    });
    if (this.info.state === "ended") {
      this.watchReplay();
      this.draw();
      return;
    }
    this.join();
    if (this.info.state !== "live") {
      void this.openOwn("camera");
      void this.openOwn("microphone");
    }
  }

  private join(): void {
    const { signal } = this.life;
    const { id } = this.info;
    const sounds = document.createElement("div");
    document.body.append(sounds);
    signal.addEventListener("abort", () => sounds.remove(), { once: true });
    this.speakers = new Speakers(sounds, STAGE_SLOTS);
    this.socket = new VisitSocket({
      url: socketUrl(location),
      ready: serverReady,
      visit: id,
      token: null,
      name: () => "",
      signal,
      onstate: (state) => {
        const back = this.socketState === "reconnecting" && state === "open";
        this.socketState = state;
        if (back) {
          this.checkSessions();
        }
        this.draw();
      },
      onrefused: () => this.fail(t("visit.refused")),
      onmessage: (message) => {
        this.visit = reduce(this.visit, message);
        if (message.type === "visit" || message.type === "welcome") {
          void this.refresh();
        }
        if (this.visit?.visit.state === "ended") {
          this.ended();
        }
        this.draw();
      },
    });
    if (!hasWebRtc()) {
      this.fail(t("error.browser"));
      return;
    }
    const windows = new Windows(null, signal);
    this.windows = windows;
    this.session = watchVisit(id, null, {
      createPeer: createRtcPeer,
      iceServers: this.options.iceServers,
      signal,
      onstate: (state) => {
        this.sessionState = state;
        if (state.name === "reconnecting") {
          this.socket?.check();
        }
        this.streams = stillAlive(this.streams);
        this.everConnected ||= state.name === "connected";
        if (state.name === "failed") {
          this.fail(t("visit.stage_failed", { why: state.problem.message }));
        }
        this.draw();
      },
      onslots: (slots, where) => {
        windows.moved(where);
        this.streams = slots.video.map((track) => new MediaStream([track]));
        this.speakers?.setTracks(slots.audio);
        void this.speakers?.open();
        this.draw();
      },
    });
    watchViewDelay(
      this.session,
      () => stageView(this.visit, { hideMine: false }).main?.slot ?? null,
      signal,
      (ms) => {
        this.viewMs = ms;
        this.draw();
      },
    );
    watchDevices(signal, (devices) => {
      this.devices = devices;
      this.draw();
    });
    watchNetwork(signal, () => {
      this.checkSessions();
      this.socket?.check();
    });
    globalThis.addEventListener("pagehide", () => this.close(), { signal });
    /* Customers may be heard only after a gesture of the rep, if the browser wants one. */
    globalThis.addEventListener("pointerdown", () => void this.speakers?.open(), { signal });
    keepAwake(signal);
  }

  private checkSessions(): void {
    this.session?.check();
    this.camera?.session.check();
    this.person?.published?.session.check();
    this.screen?.publisher.session.check();
  }

  private async refresh(): Promise<void> {
    try {
      this.info = await this.options.api.visit(this.info.id);
      this.draw();
    } catch {
      /* the socket's news is enough until the next time */
    }
  }

  private get phase(): VisitInfo["state"] {
    return this.visit?.visit.state ?? this.info.state;
  }

  private async openOwn(kind: CaptureKind, device: string | null = null): Promise<boolean> {
    const trouble = await this.capture.open(kind, device);
    if (this.life.signal.aborted) {
      this.capture.close();
      return false;
    }
    if (trouble !== "") {
      this.deviceFailed(kind, trouble);
      return false;
    }
    this.trouble = "";
    this.deviceTrouble[kind] = "";
    if (kind === "microphone") {
      this.setMuted(false);
    }
    await this.sendOwn(kind);
    return true;
  }

  /* To where it goes now: the room behind a virtual person is not sent. */
  private async sendOwn(kind: CaptureKind): Promise<void> {
    const track = this.capture[kind]?.track ?? null;
    if (kind === "microphone") {
      await this.camera?.set("audio", track);
      await this.person?.setMicrophone(track);
    } else if (this.person?.on === true && track !== null) {
      this.person.start(track);
    } else {
      await this.camera?.set("video", track);
    }
  }

  private async deviceGone(kind: CaptureKind): Promise<void> {
    const cutOut = kind === "camera" && this.person?.on === true;
    if (cutOut) {
      this.stopPerson();
    }
    await this.camera?.set(kind === "camera" ? "video" : "audio", null);
    if (kind === "microphone") {
      await this.person?.setMicrophone(null);
    }
    this.deviceFailed(kind, "missing");
    if (cutOut) {
      this.deviceTrouble.camera = `${this.deviceTrouble.camera} ${t("person.unplugged")}`;
      this.draw();
    }
  }

  private deviceFailed(kind: CaptureKind, trouble: DeviceTrouble): void {
    const what = t(kind === "camera" ? "device.camera_failed" : "device.microphone_failed");
    this.deviceTrouble[kind] = `${what} ${t(`device.${trouble}` as Key)}`;
    this.draw();
  }

  private async toggleCamera(): Promise<void> {
    if (this.capture.camera !== null) {
      this.capture.stop("camera");
      this.stopPerson();
      await this.camera?.set("video", null);
      this.draw();
    } else if (await this.openOwn("camera")) {
      this.publishOwn();
    }
  }

  /* The one switch of the virtual person. */
  private async togglePerson(): Promise<void> {
    if (this.person?.on === true) {
      this.stopPerson();
      return;
    }
    if (this.personLoading || (this.capture.camera === null && !(await this.openOwn("camera")))) {
      return;
    }
    this.personLoading = true;
    this.draw();
    try {
      const { RepPerson } = await import("./rep-person");
      this.person ??= new RepPerson({
        publish: (matte, tracks, onstate) => this.publishSource("person", t("visit.person"), tracks, { matte, onstate }),
        signal: this.life.signal,
        onchange: () => this.draw(),
        onfail: (trouble) => this.fail(trouble),
      });
    } catch {
      this.fail(t("person.load_failed"));
    }
    this.personLoading = false;
    const track = this.capture.camera?.track;
    if (this.person !== null && track !== undefined && !this.life.signal.aborted) {
      this.trouble = "";
      await this.camera?.set("video", null);
      this.person.start(track);
      this.publishOwn();
    }
    this.draw();
  }

  /* Back to the camera, if there is one; its sound takes over before the person's ends. */
  private stopPerson(): void {
    const before = this.person?.stop() ?? null;
    if (before === null) {
      void this.camera?.set("video", this.capture.camera?.track ?? null);
      return;
    }
    if (this.camera !== null) {
      this.camera.session.close();
      this.camera = null;
    }
    this.publishOwn(() => before.session.close());
    if (this.camera === null) {
      before.session.close();
    }
  }

  private async toggleMicrophone(): Promise<void> {
    if (this.capture.microphone === null) {
      if (await this.openOwn("microphone")) {
        this.publishOwn();
      }
    } else {
      this.setMuted(!this.muted);
    }
  }

  private setMuted(muted: boolean): void {
    this.muted = muted;
    if (this.capture.microphone !== null) {
      this.capture.microphone.track.enabled = !muted;
    }
    this.draw();
  }

  /* Sends camera and microphone; nothing before the visit was started. */
  private publishOwn(onconnected?: () => void): void {
    const { camera, microphone } = this.capture;
    if (this.phase !== "live" || (camera === null && microphone === null)) {
      this.draw();
      return;
    }
    if (this.person?.on === true) {
      this.person.publish(microphone?.track ?? null, () => {
        this.camera?.session.close();
        this.camera = null;
      });
    } else if (this.camera === null) {
      const handed = onconnected !== undefined;
      const publisher: Publisher = this.publishSource(
        "camera",
        t("visit.camera"),
        { audio: handed ? null : (microphone?.track ?? null), video: camera?.track ?? null },
        {
          onstate: (state) => {
            if (state.name === "connected" && onconnected !== undefined) {
              void publisher.set("audio", this.capture.microphone?.track ?? null);
              onconnected();
              onconnected = undefined;
            }
          },
        },
      );
      this.camera = publisher;
    }
    this.draw();
  }

  private publishSource(
    source: "camera" | "screen" | "person",
    what: string,
    tracks: { audio: MediaStreamTrack | null; video: MediaStreamTrack | null },
    more: { matte?: () => PublishedMatte; onstate?: (state: SessionState) => void } = {},
  ): Publisher {
    return publish(
      {
        visit: this.info.id,
        source,
        token: null,
        createPeer: createRtcPeer,
        iceServers: this.options.iceServers,
        signal: this.life.signal,
        ...(more.matte === undefined ? {} : { matte: more.matte }),
        onstate: (state) => {
          more.onstate?.(state);
          if (state.name === "failed") {
            this.fail(t("visit.publish_failed", { what, why: state.problem.message }));
            if (source === "screen") {
              this.stopScreen();
            } else if (source === "camera") {
              this.camera = null;
            }
          }
        },
      },
      tracks,
    );
  }

  private async toggleScreen(): Promise<void> {
    if (this.screen !== null) {
      this.stopScreen();
      return;
    }
    try {
      const shared = await openScreen();
      if (this.life.signal.aborted) {
        shared.video.stop();
        shared.audio?.stop();
        return;
      }
      this.trouble = "";
      shared.video.addEventListener("ended", () => this.stopScreen());
      this.screen = { shared, publisher: this.publishSource("screen", t("visit.screen"), shared) };
    } catch (error) {
      const trouble = error instanceof DeviceError ? error.trouble : "failed";
      if (trouble !== "dismissed") {
        this.fail(`${t("device.screen_failed")} ${t(`device.${trouble}` as Key)}`);
      }
    }
    this.draw();
  }

  private stopScreen(): void {
    const { screen } = this;
    this.screen = null;
    screen?.publisher.session.close();
    screen?.shared.video.stop();
    screen?.shared.audio?.stop();
    this.draw();
  }

  private async start(): Promise<void> {
    try {
      this.info = await this.options.api.startVisit(this.info.id);
      if (this.visit !== null) {
        this.visit = { ...this.visit, visit: { ...this.visit.visit, state: this.info.state } };
      }
      this.publishOwn();
    } catch (error) {
      this.fail(words(error, t("error.offline"), t("error.odd")));
    }
    this.draw();
  }

  private async end(): Promise<void> {
    try {
      this.info = await this.options.api.endVisit(this.info.id);
      this.ended();
    } catch (error) {
      this.fail(words(error, t("error.offline"), t("error.odd")));
    }
  }

  private ended(): void {
    if (this.info.recording !== "off" || this.visit?.visit.recording_active === true) {
      this.watchReplay();
    }
    this.info = { ...this.info, state: "ended" };
    this.questions = this.visit?.questions ?? this.questions;
    this.visit = null;
    this.session?.ended();
    this.camera?.session.ended();
    this.person?.published?.session.ended();
    this.screen?.publisher.session.ended();
    this.close();
    this.draw();
  }

  private watchReplay(): void {
    if (this.info.recording !== "off") {
      this.replay ??= new ReplayWatch({ visit: this.info.id, token: null, signal: this.options.signal, onchange: () => this.draw() });
    }
  }

  /* How old the main picture is; what a live source's process measured counts in. */
  private delay(): WholeDelay | null {
    const main = stageView(this.visit, { hideMine: false }).main;
    if (main === null) {
      return null;
    }
    const feed = this.visit?.feeds.get(main.source);
    if (feed !== undefined && feed.state !== "connected") {
      return null; /* the holding picture has no age */
    }
    return wholeDelay(this.viewMs, feed?.delay_ms ?? null, feed !== undefined);
  }

  private async link(): Promise<CreatedInvite | null> {
    if (this.invite === null) {
      try {
        this.invite = await this.options.api.invite(this.info.id, "");
      } catch (error) {
        this.fail(words(error, t("error.offline"), t("error.odd")));
      }
    }
    return this.invite;
  }

  private async copy(): Promise<void> {
    const invite = await this.link();
    if (invite === null) {
      return;
    }
    this.copied = (await copyText(invite.url)) ? "yes" : "no";
    this.draw();
    setTimeout(() => {
      this.copied = "";
      this.draw();
    }, COPIED_STAYS);
  }

  private async toggleQr(): Promise<void> {
    const invite = this.qr === "" ? await this.link() : null;
    this.qr = invite === null ? "" : qrUrl(this.info.id, invite.token);
    this.draw();
  }

  private fail(trouble: string): void {
    this.trouble = trouble;
    this.draw();
  }

  /* Asked for while it is unfolded. */
  private watchTravel(open: boolean): void {
    clearInterval(this.travelTimer);
    const ask = async (): Promise<void> => {
      try {
        this.travel = await this.options.api.liveView(this.info.id);
        this.draw();
      } catch {
        /* the next time, perhaps */
      }
    };
    if (open && !this.life.signal.aborted) {
      void ask();
      this.travelTimer = setInterval(() => void ask(), TRAVEL_EVERY);
    }
  }

  private close(): void {
    this.life.abort();
    this.watchTravel(false);
    this.stopScreen();
    this.capture.close();
    this.camera = null;
    this.streams = [];
  }

  private banner(): string {
    const lost =
      this.sessionState.name === "reconnecting" || (this.everConnected && this.socketState === "reconnecting");
    if (lost) {
      return t(this.everConnected ? "visit.reconnecting" : "visit.connecting");
    }
    return this.screen !== null ? t("visit.sharing") : "";
  }

  private recordingTrouble(): string {
    const problem = this.visit?.visit.recording_problem ?? null;
    if (problem === null) {
      return "";
    }
    const known = ["disk_full", "too_long", "no_recorder"].includes(problem) ? problem : "other";
    return t(`recording.problem.${known}` as Key);
  }

  private draw(): void {
    if (!this.options.signal.aborted) {
      render(this.content(), this.options.host);
    }
  }

  private content(): TemplateResult {
    const view = this.visit === null ? EMPTY_STAGE : stageView(this.visit, { hideMine: false });
    this.speakers?.setAudible(view.audible);
    const { camera, microphone } = this.capture;
    return html`<pl-studio
      @pl-window=${(e: CustomEvent<{ slot: number; size: Size }>) => this.windows?.shown(e.detail.slot, e.detail.size)}
      .visitTitle=${this.info.title}
      .phase=${this.phase}
      .startedAt=${this.info.started_at}
      .view=${view}
      .streams=${this.streams}
      .people=${this.visit?.participants ?? []}
      .quality=${this.visit?.quality ?? new Map()}
      .self=${camera?.stream ?? null}
      .camera=${camera !== null}
      .microphone=${microphone !== null && !this.muted}
      .screen=${this.screen !== null}
      .person=${this.person?.on ?? false}
      .personBusy=${this.personLoading}
      .canShare=${canShareScreen()}
      .level=${this.muted ? 0 : this.capture.level}
      .cameras=${this.devices.cameras}
      .microphones=${this.devices.microphones}
      .cameraId=${camera?.device ?? ""}
      .microphoneId=${microphone?.device ?? ""}
      .banner=${this.banner()}
      .troubles=${[this.trouble, this.deviceTrouble.camera, this.deviceTrouble.microphone].concat(this.recordingTrouble()).filter((words) => words !== "")}
      .link=${this.invite?.url ?? ""}
      .qr=${this.qr}
      .copied=${this.copied}
      .products=${this.products}
      .questions=${this.visit?.questions ?? this.questions}
      .recording=${this.visit?.visit.recording_active ?? false}
      .feeds=${[...(this.visit?.feeds.values() ?? [])]}
      .delay=${this.delay()}
      .onStage=${[...(this.visit?.feeds.keys() ?? [])].length > 0}
      .replay=${this.replay?.state ?? null}
      @pl-sources=${() => this.sources.open()}
      @pl-camera=${() => void this.toggleCamera()}
      @pl-microphone=${() => void this.toggleMicrophone()}
      @pl-person=${() => void this.togglePerson()}
      @pl-screen=${() => void this.toggleScreen()}
      @pl-start=${() => void this.start()}
      @pl-end=${() => void this.end()}
      @pl-copy=${() => void this.copy()}
      @pl-qr=${() => void this.toggleQr()}
      @pl-device=${(e: CustomEvent<{ kind: CaptureKind; id: string }>) => void this.openOwn(e.detail.kind, e.detail.id)}
      >${this.person?.check()}${this.person?.panel()}<pl-travel slot="aside" .view=${this.travel} @pl-travel=${(e: CustomEvent<{ open: boolean }>) => this.watchTravel(e.detail.open)}></pl-travel
    ></pl-studio>
    ${this.sources.content()}`;
  }
}
