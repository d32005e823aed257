/* Peer over RTCPeerConnection. */
import type { PlayoutCounters } from "../core/delay";
import type { MediaCounters } from "../core/quality";
import { Lips } from "./lips";
import type { Encoding, Peer, PeerFactory, PeerLine, PeerState } from "./peer";

function preferCodec(transceiver: RTCRtpTransceiver, kind: string, codec: string): void {
  const all = RTCRtpSender.getCapabilities(kind)?.codecs;
  if (all === undefined || !("setCodecPreferences" in transceiver)) {
    return;
  }
  const first = all.filter((c) => c.mimeType.toLowerCase() === `${kind}/${codec.toLowerCase()}`);
  if (first.length > 0) {
    transceiver.setCodecPreferences([...first, ...all.filter((c) => !first.includes(c))]);
  }
}

function keepSize(sender: RTCRtpSender): void {
  const parameters = sender.getParameters();
  void sender.setParameters({ ...parameters, degradationPreference: "maintain-resolution" }).catch(() => undefined);
}

/* One encoding needs no rid, and is understood everywhere. */
function sent(encodings: readonly Encoding[]): RTCRtpEncodingParameters[] {
  return encodings.map(({ rid, smaller, bitrate }) => ({
    ...(encodings.length > 1 ? { rid } : {}),
    scaleResolutionDownBy: smaller,
    maxBitrate: bitrate,
  }));
}

function addLine(connection: RTCPeerConnection, line: PeerLine): RTCRtpTransceiver {
  const { encodings = [], direction } = line;
  const source = line.track ?? line.kind;
  if (encodings.length > 1) {
    try {
      return connection.addTransceiver(source, { direction, sendEncodings: sent(encodings) });
    } catch {
      /* a browser without simulcast */
    }
  }
  const last = encodings.slice(-1);
  return connection.addTransceiver(source, { direction, ...(last.length === 0 ? {} : { sendEncodings: sent(last) }) });
}

/* Chromium offers Opus in mono unless told; a walkthrough may be in stereo. */
function stereo(sdp: string): string {
  return sdp.replace(/(a=fmtp:\d+ (?=[^\r\n]*minptime)(?![^\r\n]*stereo=1)[^\r\n]*)/g, "$1;stereo=1");
}

const LOOK_EVERY = 400;

interface Pair {
  readonly audio: RTCRtpTransceiver;
  readonly video: RTCRtpTransceiver;
  readonly lips: Lips;
}

function setDelay(receiver: RTCRtpReceiver & { jitterBufferTarget?: number | null }, ms: number): void {
  if ("jitterBufferTarget" in receiver) {
    receiver.jitterBufferTarget = ms;
  }
}

function delay({ audio, video, lips }: Pair): void {
  setDelay(audio.receiver, lips.delays.audio);
  setDelay(video.receiver, lips.delays.video);
}

class RtcPeer implements Peer {
  onstate: ((state: PeerState) => void) | null = null;
  onheard: ((heard: number, at: number) => void) | null = null;
  readonly received: { readonly audio: readonly MediaStreamTrack[]; readonly video: readonly MediaStreamTrack[] };
  private readonly connection: RTCPeerConnection;
  private readonly transceivers: readonly RTCRtpTransceiver[];
  private readonly pairs: readonly Pair[];
  private readonly looking: ReturnType<typeof setInterval>;
  private last: PeerState = "connecting";

  constructor(lines: readonly PeerLine[], iceServers: readonly RTCIceServer[]) {
    const connection = new RTCPeerConnection({ iceServers: [...iceServers], bundlePolicy: "max-bundle" });
    this.connection = connection;
    this.transceivers = lines.map((line) => {
      const transceiver = addLine(connection, line);
      if (line.keepSize === true) {
        keepSize(transceiver.sender);
      }
      if (line.codec !== undefined) {
        preferCodec(transceiver, line.kind, line.codec);
      }
      return transceiver;
    });
    const incoming = (kind: string): MediaStreamTrack[] =>
      this.transceivers
        .filter((t) => t.direction === "recvonly" && t.receiver.track.kind === kind)
        .map((t) => t.receiver.track);
    this.received = { audio: incoming("audio"), video: incoming("video") };
    const [sounds, pictures] = (["audio", "video"] as const).map((kind) =>
      this.transceivers.filter((t) => t.direction === "recvonly" && t.receiver.track.kind === kind),
    ) as [RTCRtpTransceiver[], RTCRtpTransceiver[]];
    this.pairs = sounds.flatMap((audio, slot) => {
      const video = pictures[slot];
      return video === undefined ? [] : [{ audio, video, lips: new Lips() }];
    });
    this.pairs.forEach(delay);
    this.looking = setInterval(() => void this.look(), LOOK_EVERY);
    connection.addEventListener("connectionstatechange", () => this.changed());
    connection.addEventListener("iceconnectionstatechange", () => this.changed());
  }

  get state(): PeerState {
    const { connectionState, iceConnectionState } = this.connection;
    if (connectionState === "closed") {
      return "closed";
    }
    if (connectionState === "failed" || iceConnectionState === "failed") {
      return "failed";
    }
    if (iceConnectionState === "disconnected") {
      return "disconnected";
    }
    return connectionState === "connected" ? "connected" : "connecting";
  }

  private changed(): void {
    const state = this.state;
    if (state !== this.last) {
      this.last = state;
      this.onstate?.(state);
    }
  }

  async offer(): Promise<string> {
    const { sdp } = await this.connection.createOffer();
    return stereo(sdp ?? "");
  }

  async accept(offer: string, answer: string, iceServers: readonly RTCIceServer[]): Promise<void> {
    if (iceServers.length > 0) {
      this.connection.setConfiguration({ ...this.connection.getConfiguration(), iceServers: [...iceServers] });
    }
    await this.connection.setLocalDescription({ type: "offer", sdp: offer });
    await this.connection.setRemoteDescription({ type: "answer", sdp: answer });
  }

  async offerRestart(): Promise<string> {
    const { sdp } = await this.connection.createOffer({ iceRestart: true });
    const offer = stereo(sdp ?? "");
    await this.connection.setLocalDescription({ type: "offer", sdp: offer });
    return offer;
  }

  async acceptRestart(answer: string): Promise<void> {
    await this.connection.setRemoteDescription({ type: "answer", sdp: answer });
  }

  async replaceTrack(kind: "audio" | "video", track: MediaStreamTrack | null): Promise<void> {
    const transceiver = this.transceivers.find(
      (t) => t.direction === "sendonly" && t.receiver.track.kind === kind,
    );
    await transceiver?.sender.replaceTrack(track);
  }

  async counters(): Promise<MediaCounters> {
    const report = await this.connection.getStats();
    let packets = 0;
    let lost = 0;
    let freezes = 0;
    let rtt: number | null = null;
    report.forEach((entry: Record<string, unknown>) => {
      const value = (name: string): number => (typeof entry[name] === "number" ? entry[name] : 0);
      switch (entry["type"]) {
        case "inbound-rtp":
          packets += value("packetsReceived");
          lost += value("packetsLost");
          freezes += value("freezeCount");
          break;
        case "outbound-rtp":
          packets += value("packetsSent");
          break;
        case "remote-inbound-rtp":
          lost += value("packetsLost");
          break;
        case "candidate-pair":
          if (entry["nominated"] === true && typeof entry["currentRoundTripTime"] === "number") {
            rtt = entry["currentRoundTripTime"];
          }
          break;
        default:
          break;
      }
    });
    return { at: performance.now(), packets, lost, rtt, freezes };
  }

  async playout(slot: number): Promise<{ counters: PlayoutCounters; rtt: number | null } | null> {
    const pictures = this.transceivers.filter((t) => t.direction === "recvonly" && t.receiver.track.kind === "video");
    const mid = pictures[slot]?.mid ?? null;
    let rtt: number | null = null;
    let counters: PlayoutCounters | null = null;
    (await this.connection.getStats()).forEach((entry: Record<string, unknown>) => {
      const value = (name: string): number => (typeof entry[name] === "number" ? entry[name] : 0);
      if (entry["type"] === "candidate-pair" && entry["nominated"] === true && typeof entry["currentRoundTripTime"] === "number") {
        rtt = entry["currentRoundTripTime"];
      }
      if (entry["type"] === "inbound-rtp" && mid !== null && entry["mid"] === mid) {
        counters = {
          waited: value("jitterBufferDelay"),
          emitted: value("jitterBufferEmittedCount"),
          decoding: value("totalDecodeTime"),
          decoded: value("framesDecoded"),
        };
      }
    });
    return counters === null ? null : { counters, rtt };
  }

  /* Moves the picture of each slot to its sound. */
  private async look(): Promise<void> {
    if (this.state !== "connected") {
      return;
    }
    const streams = new Map<unknown, Record<string, unknown>>();
    const value = (entry: Record<string, unknown>, name: string): number => Number(entry[name] ?? 0);
    let heard = 0;
    (await this.connection.getStats()).forEach((entry: Record<string, unknown>) => {
      if (entry["type"] === "candidate-pair") {
        heard += value(entry, "bytesReceived") + value(entry, "responsesReceived");
      } else if (entry["type"] === "inbound-rtp" || entry["type"] === "transport") {
        heard += value(entry, "packetsReceived");
      }
      if (entry["type"] === "inbound-rtp" && typeof entry["estimatedPlayoutTimestamp"] === "number") {
        streams.set(entry["mid"], entry);
      }
    });
    this.onheard?.(heard, performance.now());
    for (const pair of this.pairs) {
      const audio = streams.get(pair.audio.mid);
      const video = streams.get(pair.video.mid);
      if (audio !== undefined && video !== undefined) {
        const changed = pair.lips.take({
          skew: value(audio, "estimatedPlayoutTimestamp") - value(video, "estimatedPlayoutTimestamp"),
          progress: [value(audio, "packetsReceived"), value(video, "framesDecoded")],
        });
        if (changed) {
          delay(pair);
        }
      }
    }
  }

  close(): void {
    clearInterval(this.looking);
    this.connection.close();
    this.last = "closed";
  }
}

export const createRtcPeer: PeerFactory = (lines, iceServers) => new RtcPeer(lines, iceServers);

export const hasWebRtc = (): boolean => "RTCPeerConnection" in globalThis;
