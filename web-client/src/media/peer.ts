/* One peer connection as the rest of the client sees it. `rtc-peer.ts` is the real one; tests use
 * `fake-peer.ts`. */
import type { PlayoutCounters } from "../core/delay";
import type { MediaCounters } from "../core/quality";

export type PeerState = "connecting" | "connected" | "disconnected" | "failed" | "closed";

/* One rung of a picture that is sent in several (RFC 8853). */
export interface Encoding {
  readonly rid: string;
  /* The picture's sides are divided by this. */
  readonly smaller: number;
  /* At most so many bits a second. */
  readonly bitrate: number;
}

/* One m= line of our offer. */
export interface PeerLine {
  readonly kind: "audio" | "video";
  readonly direction: "sendonly" | "recvonly";
  /* sendonly: what is sent; null sends nothing until `replaceTrack`. */
  readonly track?: MediaStreamTrack | null;
  /* sendonly: the codec to put first, so that every device of a customer can play it. */
  readonly codec?: "VP8" | "H264";
  /* sendonly video: its rungs, the smallest first. A browser that cannot send several sends the last. */
  readonly encodings?: readonly Encoding[];
  /* sendonly video: rather fewer pictures than smaller ones. */
  readonly keepSize?: boolean;
}

export interface Peer {
  readonly state: PeerState;
  onstate: ((state: PeerState) => void) | null;
  /* Several times a second while connected: how much was heard from the other end so far (packets of
   * media, answers to checks), and when this was looked at (ms of performance.now()). */
  onheard: ((heard: number, at: number) => void) | null;
  /* Tracks we receive, in the order of our lines. */
  readonly received: { readonly audio: readonly MediaStreamTrack[]; readonly video: readonly MediaStreamTrack[] };
  /* An offer with its ICE credentials but not yet applied: gathering starts in `accept`, when the
   * servers named by the answer are known. */
  offer(): Promise<string>;
  accept(offer: string, answer: string, iceServers: readonly RTCIceServer[]): Promise<void>;
  /* A new offer with new ICE credentials, applied; then `accept` is given the old one's answer. */
  offerRestart(): Promise<string>;
  acceptRestart(answer: string): Promise<void>;
  replaceTrack(kind: "audio" | "video", track: MediaStreamTrack | null): Promise<void>;
  counters(): Promise<MediaCounters>;
  /* Of the video line that is the `slot`-th we receive; null when it shows nothing. */
  playout(slot: number): Promise<{ readonly counters: PlayoutCounters; readonly rtt: number | null } | null>;
  close(): void;
}

export type PeerFactory = (lines: readonly PeerLine[], iceServers: readonly RTCIceServer[]) => Peer;
