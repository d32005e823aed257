/* Publishing by WHIP (RFC 9725): one source with a sound line and a picture line. Both lines are
 * always offered, so that camera and microphone come and go without a new negotiation. */
import type { PeerFactory, PeerLine } from "./peer";
import { MediaSession, type SessionState } from "./session";

export interface PublisherOptions {
  readonly visit: string;
  readonly source: "camera" | "screen";
  readonly token: string | null;
  readonly createPeer: PeerFactory;
  readonly iceServers: readonly RTCIceServer[];
  readonly signal: AbortSignal;
  readonly onstate: (state: SessionState) => void;
}

export interface Publisher {
  readonly session: MediaSession;
  set(kind: "audio" | "video", track: MediaStreamTrack | null): Promise<void>;
}

const BITRATE = { camera: 2_000_000, screen: 2_500_000 } as const;

export function publish(
  options: PublisherOptions,
  tracks: { audio: MediaStreamTrack | null; video: MediaStreamTrack | null },
): Publisher {
  const current = { ...tracks };
  const lines = (): readonly PeerLine[] => [
    { kind: "audio", direction: "sendonly", track: current.audio },
    { kind: "video", direction: "sendonly", track: current.video, codec: "VP8", bitrate: BITRATE[options.source] },
  ];
  const session = new MediaSession({
    endpoint: () => ({
      url: `/whip/${encodeURIComponent(options.visit)}?source=${options.source}`,
      token: options.token,
    }),
    lines,
    createPeer: options.createPeer,
    iceServers: options.iceServers,
    signal: options.signal,
    onstate: options.onstate,
    onpeer: () => undefined,
  });
  return {
    session,
    async set(kind, track) {
      current[kind] = track;
      await session.replaceTrack(kind, track);
    },
  };
}
