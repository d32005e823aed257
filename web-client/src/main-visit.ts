/* The customer's page: the door, the room, the good-bye. */
import { html, nothing, render, type TemplateResult } from "lit";
import { iceServersOf, parseVisitBoot, type PageError, type VisitBoot } from "./core/boot";
import { firstName } from "./core/names";
import { EMPTY_STAGE, stageView, type StageView } from "./core/stage-view";
import { t, type Key } from "./core/strings";
import { reduce, type Visit } from "./core/visit";
import { Capture, type CaptureKind } from "./capture";
import { canCapture, watchDevices, type Devices, type DeviceTrouble } from "./media/devices";
import { watchDots } from "./media/dots";
import { createRtcPeer, hasWebRtc } from "./media/rtc-peer";
import type { MediaSession, SessionState } from "./media/session";
import { Speakers } from "./media/speakers";
import { STAGE_SLOTS, watchVisit } from "./media/whep";
import { publish, type Publisher } from "./media/whip";
import { socketUrl, VisitSocket, type SocketState } from "./net/socket";
import { copyText, keepAwake, startPage, stillAlive, watchNetwork } from "./page";
import type { Entering } from "./ui/door";
import "./ui/closed";
import "./ui/door";
import "./ui/preview";
import "./ui/room";

const NOTE_STAYS = 5_000;

class VisitPage {
  private place: "door" | "room" | "left" | "ended" = "door";
  private visit: Visit | null = null;
  private life = new AbortController();
  private socket: VisitSocket | null = null;
  private socketState: SocketState = "connecting";
  private session: MediaSession | null = null;
  private sessionState: SessionState = { name: "connecting" };
  private everConnected = false;
  private streams: readonly MediaStream[] = [];
  private speakers: Speakers | null = null;
  private sound: "asking" | "on" | "off" = "asking";
  private dots: number | null = null;
  private fill = true;
  private note = "";
  private noteTimer: ReturnType<typeof setTimeout> | undefined;
  /* Why the door was closed on us: the server's stable word; "" while it was not. */
  private refused = "";
  private entering: Entering = { name: "", recording: false };
  private devices: Devices = { cameras: [], microphones: [] };
  private preview: CaptureKind | null = null;
  private trouble: DeviceTrouble | "" = "";
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
    this.everConnected = false;
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
          this.socket?.send({ type: "consent", data: { watch: true, recording: entering.recording } });
        }
        if (this.visit?.visit.state === "ended") {
          this.leave("ended");
        } else if (this.visit !== before) {
          this.draw();
        }
      },
    });
    this.session = watchVisit(visit.id, this.token, {
      createPeer: createRtcPeer,
      iceServers,
      signal,
      onstate: (state) => {
        this.sessionState = state;
        this.streams = stillAlive(this.streams);
        this.everConnected ||= state.name === "connected";
        this.draw();
      },
      onslots: (slots) => {
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
      this.socket?.hurry();
      this.draw();
    });
    globalThis.addEventListener("offline", () => this.draw(), { signal });
    globalThis.addEventListener("pagehide", () => this.leave("left"), { signal });
    keepAwake(signal);
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
    }
    this.life.abort();
    this.publisher = null;
    this.publishing = { camera: false, microphone: false };
    this.preview = null;
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
        ></pl-closed>`;
    }
  }

  private room(): TemplateResult {
    const view = this.view();
    this.speakers?.setAudible(view.audible);
    const previewed = this.preview === null ? null : this.capture[this.preview];
    return html`<pl-room
        .host=${this.hostName}
        .short=${this.shortName}
        .company=${this.boot.visit.company.name}
        .visitTitle=${this.boot.visit.title}
        .view=${view}
        .streams=${this.streams}
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
      ></pl-preview>`;
  }
}

/* The words for a link that opens no door. The last part of `type` is the stable one. */
function closed(error: PageError, company: string): TemplateResult {
  const word = ["revoked", "expired", "ended"].find((w) => error.type.includes(w));
  const kind = error.status === 404 ? "unknown" : (word ?? (error.status === 410 ? "ended" : "other"));
  const more = kind === "other" ? error.detail || error.title : t(`closed.${kind}_more` as Key);
  return html`<pl-closed .company=${company} .heading=${t(`closed.${kind}` as Key)} .text=${more}></pl-closed>`;
}

function main(): void {
  const { host, boot } = startPage();
  const token = decodeURIComponent(location.pathname.split("/")[2] ?? "");
  const parsed = parseVisitBoot(boot);
  if (!parsed.ok) {
    render(closed(parsed.error, parsed.company), host);
  } else if (!hasWebRtc()) {
    render(html`<pl-closed .heading=${t("closed.other")} .text=${t("error.browser")}>${nothing}</pl-closed>`, host);
  } else {
    new VisitPage(host, parsed.boot, token);
  }
}

main();
