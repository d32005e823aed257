/* Publishing by WHIP (RFC 9725): one source with a sound line and a picture line. Both lines are
 * always offered, so that camera and microphone come and go without a new negotiation. */
import type { MatteLayout, MattePerson } from "../core/matte-layout";
import type { Encoding, PeerFactory, PeerLine } from "./peer";
import { putMatte } from "./resource";
import { MediaSession, type SessionState } from "./session";

export interface PublisherOptions {
  readonly visit: string;
  readonly source: "camera" | "screen" | "person";
  readonly token: string | null;
  readonly createPeer: PeerFactory;
  readonly iceServers: readonly RTCIceServer[];
  readonly signal: AbortSignal;
  readonly onstate: (state: SessionState) => void;
  /* Of a virtual person: how the picture is laid out, told before anything is sent. */
  readonly matte?: () => PublishedMatte;
}

export interface PublishedMatte {
  readonly matte_layout: MatteLayout | null;
  readonly person: MattePerson | null;
}

export interface Publisher {
  readonly session: MediaSession;
  set(kind: "audio" | "video", track: MediaStreamTrack | null): Promise<void>;
  /* `matte` says something else now. */
  tellMatte(): Promise<void>;
}

/* The server gives each viewer the rung that its network carries and its window shows. Text on a
 * screen is of no use at a quarter of its size. */
const ENCODINGS: Readonly<Record<PublisherOptions["source"], readonly Encoding[]>> = {
  camera: [
    { rid: "q", smaller: 4, bitrate: 150_000 },
    { rid: "h", smaller: 2, bitrate: 500_000 },
    { rid: "f", smaller: 1, bitrate: 1_700_000 },
  ],
  screen: [
    { rid: "h", smaller: 2, bitrate: 500_000 },
    { rid: "f", smaller: 1, bitrate: 2_500_000 },
  ],
  /* A person is half black; 500 kbit/s carry 640 × 360 with its matte well. */
  person: [{ rid: "f", smaller: 1, bitrate: 900_000 }],
};

export function publish(
  options: PublisherOptions,
  tracks: { audio: MediaStreamTrack | null; video: MediaStreamTrack | null },
): Publisher {
  const current = { ...tracks };
  const lines = (): readonly PeerLine[] => [
    { kind: "audio", direction: "sendonly", track: current.audio },
    { kind: "video", direction: "sendonly", track: current.video, codec: "VP8", encodings: ENCODINGS[options.source], keepSize: options.source === "person" },
  ];
  let location: string | null = null;
  const tellMatte = async (): Promise<void> => {
    if (options.matte !== undefined && location !== null) {
      await putMatte(location, options.token, options.matte());
    }
  };
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
    beforeMedia: async (where) => {
      location = where;
      await tellMatte();
    },
  });
  return {
    session,
    async set(kind, track) {
      current[kind] = track;
      await session.replaceTrack(kind, track);
    },
    tellMatte,
  };
}
