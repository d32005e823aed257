/* Keeps one WHIP or WHEP session alive: connects, restarts ICE when the path is lost, opens a new
 * session when that does not help, and waits longer and longer between attempts. A path is lost when the
 * browser says so, which takes it five seconds, or when nothing was heard for longer than it should be.
 *
 *   connecting → connected → reconnecting → connected …
 *              ↘ failed (an answer that will not change)        closed (by us) */
import { createBackoff } from "../core/backoff";
import { Problem } from "../core/problem";
import { Pulse } from "../core/pulse";
import type { MediaCounters } from "../core/quality";
import { answerAfterRestart, restartFragment } from "../core/sdpfrag";
import type { Peer, PeerFactory, PeerLine } from "./peer";
import { createResource, deleteResource, restartResource, type Endpoint, type Resource } from "./resource";

export type SessionState =
  | { readonly name: "connecting" }
  | { readonly name: "connected" }
  | { readonly name: "reconnecting"; readonly problem: Problem | null }
  | { readonly name: "failed"; readonly problem: Problem }
  | { readonly name: "closed" };

export interface SessionOptions {
  /* Asked before every attempt, so that a walkthrough resumes where it was. */
  readonly endpoint: () => Endpoint;
  readonly lines: () => readonly PeerLine[];
  readonly createPeer: PeerFactory;
  readonly iceServers: readonly RTCIceServer[];
  readonly signal: AbortSignal;
  readonly onstate: (state: SessionState) => void;
  /* A new peer took over: attach its tracks. */
  readonly onpeer: (peer: Peer, location: string) => void;
  /* What others must know of a session before its media flows. */
  readonly beforeMedia?: (location: string) => Promise<void>;
  readonly random?: () => number;
}

/* A connection that has not come up after this is tried anew; ICE-lite answers in milliseconds. */
const CONNECT_TIMEOUT = 6_000;
/* How long an ICE restart may take before a new session is opened. */
const RESTART_TIMEOUT = 2_500;
/* How long silence is only a doubt, which an ICE restart may settle; then the page says so. */
const DOUBT = 700;
/* How long a peer is kept for its session to be deleted. */
const DELETE_TIMEOUT = 300;
const FIRST_WAIT = 250;
const LONGEST_WAIT = 3_000;

export class MediaSession {
  private state: SessionState = { name: "connecting" };
  private peer: Peer | null = null;
  private resource: Resource | null = null;
  private endpoint: Endpoint | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private attempt = new AbortController();
  private restarting = false;
  private pulse = new Pulse();
  private doubt: ReturnType<typeof setTimeout> | null = null;
  private readonly backoff;

  constructor(private readonly options: SessionOptions) {
    this.backoff = createBackoff(FIRST_WAIT, LONGEST_WAIT, options.random ?? Math.random);
    options.signal.addEventListener("abort", () => this.close(), { once: true });
    void this.connect();
  }

  get current(): SessionState {
    return this.state;
  }

  /* The network changed, or the server may have been restarted: find out now rather than wait for
   * the consent checks to fail. */
  check(): void {
    if (this.state.name === "connected") {
      void this.restart();
    } else if (this.state.name === "reconnecting" && !this.restarting) {
      this.backoff.reset();
      this.retry(null, 0);
    }
  }

  /* After a final failure: once more from the start. */
  again(): void {
    if (this.state.name === "failed") {
      this.backoff.reset();
      this.set({ name: "connecting" });
      void this.connect();
    }
  }

  async replaceTrack(kind: "audio" | "video", track: MediaStreamTrack | null): Promise<void> {
    await this.peer?.replaceTrack(kind, track);
  }

  playout(slot: number): ReturnType<Peer["playout"]> | null {
    return this.peer?.playout(slot) ?? null;
  }

  counters(): Promise<MediaCounters> | null {
    return this.peer?.counters() ?? null;
  }

  /* The server has ended the session itself; there is nothing left to delete. */
  ended(): void {
    this.resource = null;
    this.close();
  }

  close(): void {
    if (this.state.name !== "closed") {
      this.drop(true);
      this.set({ name: "closed" });
    }
  }

  private set(state: SessionState): void {
    this.state = state;
    this.options.onstate(state);
  }

  private get over(): boolean {
    return this.state.name === "closed" || this.state.name === "failed";
  }

  /* A closed peer says good-bye over DTLS, and then the server has nothing left to delete: `politely`
   * waits for that. A lost peer is closed at once, so that pages see that its pictures are over. */
  private drop(politely = false): void {
    clearTimeout(this.timer);
    this.settle();
    this.attempt.abort();
    this.restarting = false;
    const { peer, resource, endpoint } = this;
    this.peer = null;
    this.resource = null;
    if (peer !== null) {
      peer.onstate = peer.onheard = null;
    }
    if (!politely || resource === null) {
      peer?.close();
    }
    if (resource === null || endpoint === null) {
      return;
    }
    const late = setTimeout(() => peer?.close(), DELETE_TIMEOUT);
    void deleteResource(endpoint, resource).then(() => {
      clearTimeout(late);
      peer?.close();
    });
  }

  private async connect(): Promise<void> {
    this.drop();
    const attempt = new AbortController();
    this.attempt = attempt;
    const endpoint = this.options.endpoint();
    this.endpoint = endpoint;
    try {
      const peer = this.options.createPeer(this.options.lines(), this.options.iceServers);
      this.peer = peer;
      const offer = await peer.offer();
      this.timer = setTimeout(() => this.retry(null), CONNECT_TIMEOUT);
      const resource = await createResource(endpoint, offer, attempt.signal);
      if (attempt.signal.aborted) {
        void deleteResource(endpoint, resource);
        return;
      }
      this.resource = resource;
      peer.onstate = () => this.peerChanged(peer);
      this.pulse = new Pulse();
      peer.onheard = (heard, at) => this.hear(peer, heard, at);
      this.options.onpeer(peer, resource.location);
      await this.options.beforeMedia?.(resource.location);
      await peer.accept(offer, resource.answer, resource.iceServers);
      this.peerChanged(peer);
    } catch (error) {
      if (!attempt.signal.aborted) {
        this.retry(error);
      }
    }
  }

  private peerChanged(peer: Peer): void {
    if (peer !== this.peer) {
      return;
    }
    switch (peer.state) {
      case "connected":
        clearTimeout(this.timer);
        this.backoff.reset();
        this.restarting = false;
        if (this.state.name !== "connected") {
          this.set({ name: "connected" });
        }
        break;
      case "disconnected":
        void this.restart();
        break;
      case "failed":
        this.retry(null);
        break;
      case "connecting":
      case "closed":
        break;
    }
  }

  /* Silence, while the browser still believes in the path: a restart finds out, and finds another one. */
  private hear(peer: Peer, heard: number, at: number): void {
    if (peer !== this.peer || this.over) {
      return;
    }
    if (!this.pulse.take(heard, at)) {
      if (this.doubt !== null) {
        this.settle();
        this.peerChanged(peer);
      }
    } else if (this.doubt === null && this.state.name === "connected") {
      void this.restart();
      this.doubt = setTimeout(() => {
        this.set({ name: "reconnecting", problem: null });
        this.doubt = setTimeout(() => this.retry(null, 0), RESTART_TIMEOUT - DOUBT);
      }, DOUBT);
    }
  }

  private settle(): void {
    if (this.doubt !== null) {
      clearTimeout(this.doubt);
      this.doubt = null;
    }
  }

  private async restart(): Promise<void> {
    const { peer, resource, endpoint, attempt } = this;
    if (this.over || this.restarting || peer === null || resource === null || endpoint === null) {
      return;
    }
    this.restarting = true;
    if (peer.state !== "connected") {
      this.set({ name: "reconnecting", problem: null });
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.retry(null, 0), RESTART_TIMEOUT);
    try {
      const fragment = restartFragment(await peer.offerRestart());
      const answer = await restartResource(endpoint, resource, fragment, attempt.signal);
      await peer.acceptRestart(answerAfterRestart(resource.answer, answer));
      if (peer === this.peer && peer.state === "connected") {
        clearTimeout(this.timer);
        this.restarting = false;
      }
    } catch (error) {
      if (!attempt.signal.aborted) {
        if (error instanceof Problem && error.status === 404) {
          this.resource = null;
        }
        /* The session is unknown (the server was restarted) or cannot restart: a new one can. */
        this.retry(error instanceof Problem ? null : error, error instanceof Problem ? 0 : undefined);
      }
    }
  }

  private retry(error: unknown, wait = this.backoff.next()): void {
    if (this.over) {
      return;
    }
    const problem = error instanceof Problem ? error : null;
    this.drop();
    if (problem?.final === true) {
      this.set({ name: "failed", problem });
      return;
    }
    this.set({ name: "reconnecting", problem });
    this.timer = setTimeout(() => void this.connect(), wait);
  }
}
