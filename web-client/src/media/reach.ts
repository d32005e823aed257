/* Tries the ways to the server one by one, each by a small real session: DTLS must be done. */
import { addressesOf, onlyCandidates, turnServers, WAYS, type Finding, type Way } from "../core/reach";
import { createResource, deleteResource, type Endpoint } from "./resource";

const WITHIN = 8_000;
const ENDPOINT: Endpoint = { url: "/check/way", token: null };

export interface ReachOptions {
  readonly iceServers: readonly RTCIceServer[];
  readonly socketUrl: string;
  readonly signal: AbortSignal;
  readonly onfinding: (way: Way, finding: Finding) => void;
  /* What a firewall has to let through for a way, as soon as it is known. */
  readonly ondoor: (way: Way, doors: readonly string[]) => void;
}

/* Rejects when `signal` says so or the time is over. */
function inTime<T>(work: (signal: AbortSignal) => Promise<T>, outer: AbortSignal): Promise<T> {
  const life = new AbortController();
  const stop = (): void => life.abort();
  const timer = setTimeout(stop, WITHIN);
  outer.addEventListener("abort", stop, { once: true });
  return work(life.signal).finally(() => {
    clearTimeout(timer);
    outer.removeEventListener("abort", stop);
    stop();
  });
}

async function tryHttps(signal: AbortSignal): Promise<void> {
  const response = await fetch("/healthz", { cache: "no-store", signal });
  if (!response.ok) {
    throw new Error(String(response.status));
  }
}

/* The server answers whatever is said first, so that words have gone both ways. */
function tryWebSocket(url: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    signal.addEventListener("abort", () => {
      socket.close();
      reject(new Error("no answer"));
    });
    socket.onopen = () => socket.send(JSON.stringify({ v: 1, id: "1", type: "ping", data: {} }));
    socket.onmessage = () => resolve();
    socket.onclose = (event) => (event.code === 1006 ? reject(new Error("closed")) : resolve());
  });
}

function connected(peer: RTCPeerConnection, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      if (peer.connectionState === "connected") {
        resolve();
      } else if (peer.connectionState === "failed" || signal.aborted) {
        reject(new Error(peer.connectionState));
      }
    };
    peer.addEventListener("connectionstatechange", look);
    signal.addEventListener("abort", look);
    look();
  });
}

class NotThere extends Error {}

async function tryMedia(way: Exclude<Way, "https" | "websocket">, options: ReachOptions, signal: AbortSignal): Promise<void> {
  const relays = way === "udp" || way === "tcp" ? [] : turnServers(options.iceServers, way);
  if (way !== "udp" && way !== "tcp") {
    options.ondoor(way, relays.flatMap(({ urls }) => urls));
    if (relays.length === 0) {
      throw new NotThere();
    }
  }
  const peer = new RTCPeerConnection({ iceServers: [...relays], iceTransportPolicy: relays.length > 0 ? "relay" : "all" });
  try {
    peer.addTransceiver("audio", { direction: "recvonly" });
    await peer.setLocalDescription(await peer.createOffer());
    const offer = peer.localDescription?.sdp ?? "";
    const resource = await createResource(ENDPOINT, offer, signal);
    try {
      const protocol = way === "tcp" ? "tcp" : "udp";
      if (relays.length === 0) {
        options.ondoor(way, addressesOf(resource.answer, protocol));
      }
      if (!new RegExp(`^a=candidate:\\S+ \\d+ ${protocol} `, "im").test(resource.answer)) {
        throw new NotThere();
      }
      await peer.setRemoteDescription({ type: "answer", sdp: onlyCandidates(resource.answer, protocol) });
      await connected(peer, signal);
    } finally {
      void deleteResource(ENDPOINT, resource);
    }
  } finally {
    peer.close();
  }
}

export async function findWays(options: ReachOptions): Promise<void> {
  await Promise.all(
    WAYS.map(async (way) => {
      options.onfinding(way, { state: "trying" });
      const from = performance.now();
      try {
        await inTime(
          (signal) =>
            way === "https" ? tryHttps(signal)
            : way === "websocket" ? tryWebSocket(options.socketUrl, signal)
            : tryMedia(way, options, signal),
          options.signal,
        );
        options.onfinding(way, { state: "works", ms: Math.round(performance.now() - from) });
      } catch (error) {
        if (!options.signal.aborted) {
          options.onfinding(way, { state: error instanceof NotThere ? "absent" : "blocked" });
        }
      }
    }),
  );
}
