/* A Peer without a browser: tests say what the network does. */
import type { PlayoutCounters } from "../core/delay";
import type { MediaCounters } from "../core/quality";
import type { Peer, PeerLine, PeerState } from "./peer";

export class FakePeer implements Peer {
  state: PeerState = "connecting";
  onstate: ((state: PeerState) => void) | null = null;
  onheard: ((heard: number, at: number) => void) | null = null;
  readonly received = { audio: [], video: [] };
  readonly replaced: { kind: string; track: MediaStreamTrack | null }[] = [];
  accepted: string | null = null;
  acceptedRestart: string | null = null;
  servers: readonly RTCIceServer[] = [];
  next: MediaCounters = { at: 0, packets: 0, lost: 0, rtt: null, freezes: 0 };
  shown: { counters: PlayoutCounters; rtt: number | null } | null = null;
  private generation = 0;

  constructor(readonly lines: readonly PeerLine[]) {}

  private sdp(): string {
    this.generation++;
    const media = this.lines.map(
      (line, mid) => `m=${line.kind} 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:${mid}\r\na=ice-ufrag:u${this.generation}\r\na=ice-pwd:p${this.generation}\r\n`,
    );
    const mids = this.lines.map((_, mid) => mid).join(" ");
    return `v=0\r\na=group:BUNDLE ${mids}\r\n${media.join("")}`;
  }

  offer(): Promise<string> {
    return Promise.resolve(this.sdp());
  }

  accept(_offer: string, answer: string, iceServers: readonly RTCIceServer[]): Promise<void> {
    this.accepted = answer;
    this.servers = iceServers;
    return Promise.resolve();
  }

  offerRestart(): Promise<string> {
    return Promise.resolve(this.sdp());
  }

  acceptRestart(answer: string): Promise<void> {
    this.acceptedRestart = answer;
    return Promise.resolve();
  }

  replaceTrack(kind: "audio" | "video", track: MediaStreamTrack | null): Promise<void> {
    this.replaced.push({ kind, track });
    return Promise.resolve();
  }

  counters(): Promise<MediaCounters> {
    return Promise.resolve(this.next);
  }

  playout(): Promise<{ counters: PlayoutCounters; rtt: number | null } | null> {
    return Promise.resolve(this.shown);
  }

  /* What the network does. */
  become(state: PeerState): void {
    this.state = state;
    this.onstate?.(state);
  }

  close(): void {
    this.state = "closed";
  }
}
