/* The customer's page: the door, the room, the good-bye. */
import { html, nothing, render, type TemplateResult } from "lit";
import { iceServersOf, parseOverBoot, parseVisitBoot, type OverBoot, type PageError, type VisitBoot } from "./core/boot";
import { firstName } from "./core/names";
import { EMPTY_STAGE, personOf, stageView, type StageView } from "./core/stage-view";
import { t, type Key } from "./core/strings";
import { reduce, type Visit } from "./core/visit";
import { RecordingWord } from "./core/word";
import { Capture, type CaptureKind } from "./capture";
import type { InMyRoom } from "./in-my-room";
import type { Size } from "./core/windows";
import { canCapture, watchDevices, type Devices, type DeviceTrouble } from "./media/devices";
import { watchDots } from "./media/dots";
import { createRtcPeer, hasWebRtc } from "./media/rtc-peer";
import type { MediaSession, SessionState } from "./media/session";
import { Speakers } from "./media/speakers";
import { STAGE_SLOTS, watchVisit } from "./media/whep";
import { publish, type Publisher } from "./media/whip";
import { consentToRecording, qrUrl, words } from "./net/api";
import { serverReady, socketUrl, VisitSocket, type SocketState } from "./net/socket";
import { Windows } from "./net/windows";
import { copyText, keepAwake, startPage, stillAlive, watchNetwork } from "./page";
import { ReplayWatch } from "./replay-watch";
import { fetchMyRoom, myAbilities, openMyRoom } from "./room-door";
import type { Entering } from "./ui/door";
import "./ui/ask";
import "./ui/closed";
import "./ui/door";
import "./ui/preview";
import "./ui/recording-choice";
import "./ui/replay";
import "./ui/room";

const NOTE_STAYS = 5_000;
const NO_STREAMS: readonly MediaStream[] = [];

/* What a visit that is over still offers: its replay, and a word about one's own part in it. */
class Afterwards {
  private note = "";
  private readonly watch: ReplayWatch;

  constructor(
    private readonly visit: string,
    private readonly token: string,
    /* Whether this guest's part may be kept. */
    private kept: boolean,
    private readonly onchange: () => void,
  ) {
    this.watch = new ReplayWatch({ visit, token, signal: new AbortController().signal, onchange });
  }

  private async consent(kept: boolean): Promise<void> {
    const before = this.kept;
    this.kept = kept;
    this.note = "";
    this.onchange();
    try {
      this.kept = await consentToRecording(this.visit, this.token, kept, new AbortController().signal);
      this.note = t("replay.changed");
      this.watch.again();
    } catch (error) {
      this.kept = before;
      this.note = words(error, t("error.offline"), t("error.odd"));
    }
    this.onchange();
  }

  content(): TemplateResult {
    return html`<pl-replay
      .state=${this.watch.state}
      .invite=${this.token}
      .kept=${this.kept}
      .note=${this.note}
      @pl-consent=${(e: CustomEvent<boolean>) => void this.consent(e.detail)}
    ></pl-replay>`;
  }
}

/* Two attempts and a half. */
const SHUT_AFTER = 15_000;

class VisitPage {
  private place: "door" | "room" | "left" | "ended" = "door";
  private visit: Visit | null = null;
  private life = new AbortController();
  private socket: VisitSocket | null = null;
  private socketState: SocketState = "connecting";
  private session: MediaSession | null = null;
  private sessionState: SessionState = { name: "connecting" };
  private everConnected = false;
  /* The room is open and no picture came: the network is in the way. */
  private shut = false;
  private streams: readonly MediaStream[] = [];
  private speakers: Speakers | null = null;
  private windows: Windows | null = null;
  private sound: "asking" | "on" | "off" = "asking";
  private dots: number | null = null;
  private fill = true;
  private note = "";
  private noteTimer: ReturnType<typeof setTimeout> | undefined;
  /* Why the door was closed on us: the server's stable word; "" while it was not. */
  private refused = "";
  private entering: Entering = { name: "", recording: false };
  private readonly word = new RecordingWord(
    (recording) => void this.socket?.send({ type: "consent", data: { watch: true, recording } }),
    () => performance.now(),
    new AbortController().signal,
  );
  private devices: Devices = { cameras: [], microphones: [] };
  private preview: CaptureKind | null = null;
  private trouble: DeviceTrouble | "" = "";
  private asking = { open: false, sent: false, failure: "" };
  private choosing = false;
  private afterwards: Afterwards | null = null;
  private myRoom: InMyRoom | null = null;
  private myRoomOpening = false;
  private publisher: Publisher | null = null;
  private publishing: Record<CaptureKind, boolean> = { camera: false, microphone: false };
  private readonly capture = new Capture(
    () => this.draw(),
    (kind) => void this.unpublish(kind),
  );

  constructor(
    private readonly host: HTMLElement,
    private readonly boot: VisitBoot,
    private readonly token: string,
  ) {
    this.draw();
  }

  private get hostName(): string {
    const { visit } = this.boot;
    return visit.host.name !== "" ? visit.host.name : visit.company.name;
  }

  private get shortName(): string {
    const { visit } = this.boot;
    return visit.host.name !== "" ? firstName(visit.host.name) : visit.company.name;
  }

  private enter(entering: Entering): void {
    this.entering = entering;
    this.place = "room";
    this.visit = null;
    this.everConnected = this.shut = false;
    this.sound = "asking";
    this.life = new AbortController();
    const { signal } = this.life;
    const { visit } = this.boot;
    const iceServers = iceServersOf(this.boot.ice_servers);
    const sounds = document.createElement("div");
    document.body.append(sounds);
    signal.addEventListener("abort", () => sounds.remove(), { once: true });
    this.speakers = new Speakers(sounds, STAGE_SLOTS);
    this.socket = new VisitSocket({
      url: socketUrl(location),
      ready: serverReady,
      visit: visit.id,
      token: this.token,
      name: () => entering.name,
      signal,
      onstate: (state) => this.socketChanged(state),
      onrefused: (word) => this.close(word),
      onmessage: (message) => {
        const before = this.visit;
        this.visit = reduce(this.visit, message);
        if (message.type === "welcome") {
          this.word.say(this.entering.recording);
        }
        if (message.type === "question" && this.asking.sent && message.question.participant === this.visit?.me) {
          this.asking = { open: false, sent: false, failure: "" };
          this.say(t("room.asked", { host: this.shortName }));
        }
        if (message.type === "error" && this.asking.sent) {
          this.asking = { open: true, sent: false, failure: message.code === "too-fast" ? t("room.ask_fast") : message.message };
          this.draw();
        }
        if (this.visit?.visit.state === "ended") {
          this.leave("ended");
        } else if (this.visit !== before) {
          this.draw();
        }
      },
    });
    const windows = new Windows(this.token, signal);
    this.windows = windows;
    this.session = watchVisit(visit.id, this.token, {
      createPeer: createRtcPeer,
      iceServers,
      signal,
      onstate: (state) => {
        this.sessionState = state;
        if (state.name === "reconnecting") {
          this.socket?.check();
        }
        this.streams = stillAlive(this.streams);
        this.everConnected ||= state.name === "connected";
        this.shut &&= !this.everConnected;
        this.draw();
      },
      onslots: (slots, where) => {
        windows.moved(where);
        this.streams = slots.video.map((track) => new MediaStream([track]));
        this.speakers?.setTracks(slots.audio);
        this.draw();
      },
    });
    watchDots(this.session, signal, (dots) => {
      /* An empty stage sends nothing, which is no fault of the network. */
      this.dots = this.view().main === null && dots.dots === 0 ? null : dots.dots;
      this.draw();
    });
    watchDevices(signal, (devices) => {
      this.devices = devices;
      this.draw();
    });
    watchNetwork(signal, () => {
      this.session?.check();
      this.publisher?.session.check();
      this.socket?.check();
      this.draw();
    });
    globalThis.addEventListener("pagehide", () => this.leave("left"), { signal });
    keepAwake(signal);
    const late = setTimeout(() => {
      this.shut = !this.everConnected && this.socketState === "open";
      this.draw();
    }, SHUT_AFTER);
    signal.addEventListener("abort", () => clearTimeout(late), { once: true });
    this.draw();
  }

  private socketChanged(state: SocketState): void {
    const back = this.socketState === "reconnecting" && state === "open";
    this.socketState = state;
    if (back) {
      /* Perhaps the server was restarted: the sessions find out now. */
      this.session?.check();
      this.publisher?.session.check();
    }
    this.draw();
  }

  private close(word: string): void {
    this.refused = word === "expired" || word === "ended" ? word : "revoked";
    this.leave("ended");
  }

  private leave(to: "left" | "ended"): void {
    if (this.place !== "room") {
      return;
    }
    this.place = to;
    if (to === "ended") {
      this.session?.ended();
      this.publisher?.session.ended();
      const recording = this.visit?.visit.recording ?? this.boot.visit.recording;
      if (recording !== "off" && (this.refused === "" || this.refused === "ended")) {
        this.afterwards ??= new Afterwards(this.boot.visit.id, this.token, this.entering.recording, () => this.draw());
      }
    }
    this.life.abort();
    this.publisher = null;
    this.publishing = { camera: false, microphone: false };
    this.preview = null;
    this.asking = { ...this.asking, open: false };
    this.choosing = false;
    this.capture.close();
    this.streams = [];
    this.draw();
  }

  private async soundWanted(wanted: boolean): Promise<void> {
    if (!wanted) {
      this.speakers?.mute();
      this.sound = "off";
    } else {
      this.sound = "on";
      this.draw();
      if ((await this.speakers?.open()) === false) {
        this.sound = "asking";
        this.say(t("room.sound_refused"));
      }
    }
    this.draw();
  }

  private async toggle(kind: CaptureKind): Promise<void> {
    if (this.publishing[kind]) {
      await this.unpublish(kind);
      return;
    }
    this.preview = kind;
    await this.choose(null);
  }

  private async choose(device: string | null): Promise<void> {
    const kind = this.preview;
    if (kind === null) {
      return;
    }
    this.trouble = "";
    this.draw();
    const trouble = await this.capture.open(kind, device);
    if (this.preview !== kind) {
      if (!this.publishing[kind]) {
        this.capture.stop(kind);
      }
      return;
    }
    this.trouble = trouble;
    this.draw();
  }

  private dismiss(): void {
    const kind = this.preview;
    this.preview = null;
    if (kind !== null && !this.publishing[kind]) {
      this.capture.stop(kind);
    }
    this.draw();
  }

  private async publish(): Promise<void> {
    const kind = this.preview;
    if (kind === null) {
      return;
    }
    this.preview = null;
    this.publishing = { ...this.publishing, [kind]: true };
    const tracks = {
      audio: this.publishing.microphone ? (this.capture.microphone?.track ?? null) : null,
      video: this.publishing.camera ? (this.capture.camera?.track ?? null) : null,
    };
    if (this.publisher === null) {
      this.publisher = publish(
        {
          visit: this.boot.visit.id,
          source: "camera",
          token: this.token,
          createPeer: createRtcPeer,
          iceServers: iceServersOf(this.boot.ice_servers),
          signal: this.life.signal,
          onstate: (state) => {
            if (state.name === "failed") {
              void this.unpublish("camera");
              void this.unpublish("microphone");
              this.say(t("room.sent_failed", { why: state.problem.message }));
            }
          },
        },
        tracks,
      );
    } else {
      await this.publisher.set(kind === "camera" ? "video" : "audio", kind === "camera" ? tracks.video : tracks.audio);
    }
    this.say(t(kind === "camera" ? "room.published_camera" : "room.published_mic", { host: this.shortName }));
  }

  private async unpublish(kind: CaptureKind): Promise<void> {
    this.publishing = { ...this.publishing, [kind]: false };
    this.capture.stop(kind);
    await this.publisher?.set(kind === "camera" ? "video" : "audio", null);
    if (!this.publishing.camera && !this.publishing.microphone) {
      this.publisher?.session.close();
      this.publisher = null;
    }
    this.draw();
  }

  private say(note: string): void {
    this.note = note;
    clearTimeout(this.noteTimer);
    this.noteTimer = setTimeout(() => {
      this.note = "";
      this.draw();
    }, NOTE_STAYS);
    this.draw();
  }

  private ask(text: string): void {
    const sent = this.socket?.send({ type: "ask", data: { text } }) === true;
    this.asking = { open: true, sent, failure: sent ? "" : t("room.ask_away") };
    this.draw();
  }

  /* Also kept for the next welcome, when the socket is away. */
  private consent(recording: boolean): void {
    this.entering = { ...this.entering, recording };
    this.word.say(recording);
    this.draw();
  }

  /* Products that have a shape: a model, or at least measures. */
  private get shapes(): VisitBoot["visit"]["products"] {
    return this.boot.visit.products.filter((p) => p.model !== null || p.size_mm !== null);
  }

  private async openMyRoom(): Promise<void> {
    if (this.myRoomOpening || this.myRoom !== null) {
      return;
    }
    this.myRoomOpening = true;
    this.draw();
    try {
      this.myRoom = await openMyRoom({
        who: this.shortName,
        closing: t("inroom.close_visit"),
        products: this.shapes,
        phone: qrUrl(this.boot.visit.id, this.token),
        signal: this.life.signal,
        onclose: () => {
          this.myRoom = null;
          this.draw();
        },
      });
    } catch {
      this.say(t("error.offline")); /* the rest of the page could not be fetched */
    }
    this.myRoomOpening = false;
    this.draw();
  }

  private showInMyRoom(view: StageView): void {
    const slot = personOf(view);
    if (slot !== null) {
      void myAbilities();
    }
    const stream = slot === null ? undefined : this.streams[slot.slot];
    this.myRoom?.show(slot?.matte != null && stream !== undefined ? { stream, video: null, layout: slot.matte, marks: slot.marks } : null);
  }

  private view(): StageView {
    return this.visit === null ? EMPTY_STAGE : stageView(this.visit, { hideMine: true });
  }

  /* Whether the picture does not come although it did. */
  private get lost(): boolean {
    return this.everConnected && (!navigator.onLine || this.sessionState.name !== "connected");
  }

  private banner(): string {
    if (!navigator.onLine) {
      return t("room.offline");
    }
    if (this.sessionState.name === "failed") {
      return this.sessionState.problem.message;
    }
    const lost = this.sessionState.name === "reconnecting" || this.socketState === "reconnecting";
    if (!lost) {
      return "";
    }
    if (!this.everConnected) {
      return t("room.knocking");
    }
    return this.view().main === null ? t("room.back_alone") : t("room.back", { host: this.shortName });
  }

  private draw(): void {
    render(this.content(), this.host);
  }

  private content(): TemplateResult {
    const { visit } = this.boot;
    switch (this.place) {
      case "door":
        return html`<pl-door .boot=${this.boot} @pl-enter=${(e: CustomEvent<Entering>) => this.enter(e.detail)}></pl-door>`;
      case "room":
        return this.room();
      case "left":
        return html`<pl-closed .company=${visit.company.name} .heading=${t("bye.title")} .text=${`${t("bye.left")} ${t("bye.close")}`}>
          <button class="page-button" @click=${() => this.enter(this.entering)}>${t("bye.again")}</button>
        </pl-closed>`;
      case "ended":
        return html`<pl-closed
          .company=${visit.company.name}
          .heading=${this.refused === "" ? t("bye.title") : t(`closed.${this.refused}` as Key)}
          .text=${this.refused === "" ? `${t("bye.ended", { host: this.shortName })} ${t("bye.close")}` : t(`closed.${this.refused}_more` as Key)}
          >${this.afterwards?.content() ?? nothing}</pl-closed
        >`;
    }
  }

  private room(): TemplateResult {
    if (this.shut) {
      return html`<pl-closed .company=${this.boot.visit.company.name} .heading=${t("room.shut")} .text=${t("room.shut_more")}>
        <a class="page-button" href="/check" target="_blank" rel="noopener">${t("room.shut_check")}</a>
      </pl-closed>`;
    }
    const view = this.view();
    this.speakers?.setAudible(view.audible);
    this.showInMyRoom(view);
    const previewed = this.preview === null ? null : this.capture[this.preview];
    return html`<pl-room
        @pl-window=${(e: CustomEvent<{ slot: number; size: Size }>) => this.windows?.shown(e.detail.slot, e.detail.size)}
        .host=${this.hostName}
        .short=${this.shortName}
        .company=${this.boot.visit.company.name}
        .visitTitle=${this.boot.visit.title}
        .view=${view}
        .streams=${this.myRoom === null ? this.streams : NO_STREAMS /* its picture is beneath */}
        .joining=${!this.everConnected || this.visit === null}
        .sound=${this.sound}
        .hasSound=${view.main !== null || view.audible.length > 0}
        .microphone=${this.publishing.microphone}
        .camera=${this.publishing.camera}
        .canCapture=${canCapture()}
        .self=${this.publishing.camera ? (this.capture.camera?.stream ?? null) : null}
        .dots=${this.lost ? 0 : this.dots}
        .banner=${this.banner()}
        .note=${this.note}
        .fill=${this.fill}
        .recording=${this.visit?.visit.recording_active ?? false}
        .mayRecord=${(this.visit?.visit.recording ?? this.boot.visit.recording) !== "off"}
        .canPlace=${personOf(view) !== null || (this.visit !== null && this.shapes.length > 0)}
        .placing=${this.myRoomOpening}
        .unplayable=${this.visit?.unplayable ?? ""}
        @pl-my-room=${() => void this.openMyRoom()}
        @pl-my-room-near=${() => fetchMyRoom()}
        @pl-ask=${() => {
          this.asking = { open: true, sent: false, failure: "" };
          this.draw();
        }}
        @pl-recording=${() => {
          this.choosing = true;
          this.draw();
        }}
        @pl-sound=${(e: CustomEvent<boolean>) => void this.soundWanted(e.detail)}
        @pl-microphone=${() => void this.toggle("microphone")}
        @pl-camera=${() => void this.toggle("camera")}
        @pl-fill=${(e: CustomEvent<boolean>) => {
          this.fill = e.detail;
          this.draw();
        }}
        @pl-copy=${() => void copyText(location.href).then(() => this.say(t("common.copied")))}
        @pl-leave=${() => this.leave("left")}
      ></pl-room>
      <pl-preview
        .open=${this.preview !== null}
        .kind=${this.preview ?? "camera"}
        .host=${this.shortName}
        .stream=${previewed?.stream ?? null}
        .level=${this.capture.level}
        .devices=${this.preview === "microphone" ? this.devices.microphones : this.devices.cameras}
        .device=${previewed?.device ?? ""}
        .trouble=${this.trouble}
        @pl-choose=${(e: CustomEvent<string>) => void this.choose(e.detail)}
        @pl-retry=${() => void this.choose(null)}
        @pl-publish=${() => void this.publish()}
        @pl-close=${() => this.dismiss()}
      ></pl-preview>
      <pl-ask
        .open=${this.asking.open}
        .host=${this.shortName}
        .me=${this.visit?.me ?? ""}
        .questions=${this.visit?.questions ?? []}
        .failure=${this.asking.failure}
        @pl-send=${(e: CustomEvent<string>) => this.ask(e.detail)}
        @pl-close=${() => {
          this.asking = { open: false, sent: false, failure: "" };
          this.draw();
        }}
      ></pl-ask>
      <pl-recording-choice
        .open=${this.choosing}
        .active=${this.visit?.visit.recording_active ?? false}
        .asks=${this.visit?.visit.recording === "ask"}
        .mine=${this.entering.recording}
        @pl-consent=${(e: CustomEvent<boolean>) => this.consent(e.detail)}
        @pl-close=${() => {
          this.choosing = false;
          this.draw();
        }}
      ></pl-recording-choice>`;
  }
}

/* The words for a link that opens no door. The last part of `type` is the stable one. */
function closed(error: PageError, company: string): TemplateResult {
  const word = ["revoked", "expired", "ended"].find((w) => error.type.includes(w));
  const kind = error.status === 404 ? "unknown" : (word ?? (error.status === 410 ? "ended" : "other"));
  const more = kind === "other" ? error.detail || error.title : t(`closed.${kind}_more` as Key);
  return html`<pl-closed .company=${company} .heading=${t(`closed.${kind}` as Key)} .text=${more}></pl-closed>`;
}

/* The same link, opened when the visit is over. */
function over(boot: OverBoot, token: string, host: HTMLElement): void {
  const draw = (): void => {
    render(
      html`<pl-closed .company=${boot.company.name} .heading=${t("closed.ended")} .text=${t("closed.ended_more")}>
        ${afterwards.content()}
      </pl-closed>`,
      host,
    );
  };
  const afterwards = new Afterwards(boot.visit.id, token, boot.consented_recording, draw);
  draw();
}

function main(): void {
  const { host, boot } = startPage();
  const token = decodeURIComponent(location.pathname.split("/")[2] ?? "");
  const parsed = parseVisitBoot(boot);
  const after = parsed.ok ? null : parseOverBoot(boot);
  if (after !== null && after.replay !== null) {
    over(after, token, host);
  } else if (!parsed.ok) {
    render(closed(parsed.error, parsed.company), host);
  } else if (!hasWebRtc()) {
    render(html`<pl-closed .heading=${t("closed.other")} .text=${t("error.browser")}>${nothing}</pl-closed>`, host);
  } else {
    new VisitPage(host, parsed.boot, token);
  }
}

main();
