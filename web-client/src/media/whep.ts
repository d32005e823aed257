/* Watching by WHEP: recvonly lines, the k-th of a kind being slot k of the stage; a walkthrough has
 * one of each. */
import type { PeerFactory, PeerLine } from "./peer";
import { MediaSession, type SessionState } from "./session";

/* Presenter, shared content, and two customers who show themselves. */
export const STAGE_SLOTS = 4;

export interface Slots {
  readonly video: readonly MediaStreamTrack[];
  readonly audio: readonly MediaStreamTrack[];
}

interface WatchOptions {
  readonly createPeer: PeerFactory;
  readonly iceServers: readonly RTCIceServer[];
  readonly signal: AbortSignal;
  readonly onstate: (state: SessionState) => void;
}

function receiving(count: number): readonly PeerLine[] {
  const lines: PeerLine[] = [];
  for (let slot = 0; slot < count; slot++) {
    lines.push({ kind: "video", direction: "recvonly" });
  }
  for (let slot = 0; slot < count; slot++) {
    lines.push({ kind: "audio", direction: "recvonly" });
  }
  return lines;
}

export function watchVisit(
  visit: string,
  token: string | null,
  options: WatchOptions & { readonly onslots: (slots: Slots, location: string) => void },
): MediaSession {
  const { onslots, ...rest } = options;
  return new MediaSession({
    ...rest,
    endpoint: () => ({ url: `/whep/${encodeURIComponent(visit)}`, token }),
    lines: () => receiving(STAGE_SLOTS),
    onpeer: (peer, location) => onslots(peer.received, location),
  });
}

export function watchWalkthrough(
  slug: string,
  options: WatchOptions & {
    /* Seconds to start from: 0 first, the last position after a break. */
    readonly from: () => number;
    /* An invite, for the replay of its visit. */
    readonly token: string | null;
    readonly onsession: (slots: Slots, location: string) => void;
  },
): MediaSession {
  const { from, token, onsession, ...rest } = options;
  return new MediaSession({
    ...rest,
    endpoint: () => ({
      url: `/whep/w/${encodeURIComponent(slug)}?t=${Math.max(0, from()).toFixed(3)}`,
      token,
    }),
    lines: () => receiving(1),
    onpeer: (peer, location) => onsession(peer.received, location),
  });
}
