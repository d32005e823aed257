import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FakePeer } from "../../src/media/fake-peer";
import { MediaSession, type SessionState } from "../../src/media/session";

const ANSWER = "v=0\r\na=ice-ufrag:srv\r\na=ice-pwd:srvpwd\r\n";

interface Call {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/* A server that answers from a queue; the last answer is repeated. */
function server(answers: Record<string, () => Response>): Call[] {
  const calls: Call[] = [];
  vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
    const call = { method: init.method ?? "GET", url, headers: init.headers as Record<string, string>, body: String(init.body ?? "") };
    calls.push(call);
    const answer = answers[call.method];
    return answer === undefined ? Promise.reject(new TypeError("no network")) : Promise.resolve(answer());
  });
  return calls;
}

const created = (): Response =>
  new Response(ANSWER, { status: 201, headers: { Location: "/whep/v1/s1", ETag: '"1"', Link: '<stun:s>; rel="ice-server"' } });
const restarted = (): Response => new Response("a=ice-ufrag:fresh\r\na=ice-pwd:fresher\r\n", { status: 200 });
const gone = (): Response => new Response(JSON.stringify({ title: "Unknown session", status: 404 }), { status: 404 });
const ok = (): Response => new Response("", { status: 200 });

describe("a media session", () => {
  let peers: FakePeer[];
  let states: string[];
  let life: AbortController;

  function open(): MediaSession {
    return new MediaSession({
      endpoint: () => ({ url: "http://localhost/whep/v1", token: "tok" }),
      lines: () => [{ kind: "video", direction: "recvonly" }, { kind: "audio", direction: "recvonly" }],
      createPeer: (lines) => {
        const peer = new FakePeer(lines);
        peers.push(peer);
        return peer;
      },
      iceServers: [],
      signal: life.signal,
      onstate: (state: SessionState) => states.push(state.name),
      onpeer: () => undefined,
      random: () => 1,
    });
  }
  const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

  beforeEach(() => {
    vi.useFakeTimers();
    peers = [];
    states = [];
    life = new AbortController();
  });

  afterEach(() => {
    life.abort();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  test("posts its offer and takes the answer and its ICE servers", async () => {
    const calls = server({ POST: created, DELETE: ok });
    open();
    await settle();
    peers[0]?.become("connected");
    expect(calls[0]).toMatchObject({ method: "POST", headers: { Authorization: "Bearer tok", "Content-Type": "application/sdp" } });
    expect(peers[0]?.accepted).toBe(ANSWER);
    expect(peers[0]?.servers).toEqual([{ urls: ["stun:s"] }]);
    expect(states).toEqual(["connected"]);
  });

  test("deletes its session when it is left", async () => {
    const calls = server({ POST: created, DELETE: ok });
    open();
    await settle();
    life.abort();
    expect(calls.at(-1)).toMatchObject({ method: "DELETE", url: "http://localhost/whep/v1/s1" });
    expect(peers[0]?.state).toBe("connecting"); /* not before the server has heard of it */
    await settle();
    expect(peers[0]?.state).toBe("closed");
    expect(states.at(-1)).toBe("closed");
  });

  test("does not wait for a server that has gone", async () => {
    server({ POST: created, DELETE: ok });
    open();
    await settle();
    vi.stubGlobal("fetch", () => new Promise(() => undefined));
    life.abort();
    await vi.advanceTimersByTimeAsync(300);
    expect(peers[0]?.state).toBe("closed");
  });

  test("restarts ICE when the path is lost", async () => {
    const calls = server({ POST: created, PATCH: restarted, DELETE: ok });
    open();
    await settle();
    peers[0]?.become("connected");
    peers[0]?.become("disconnected");
    await settle();
    expect(calls[1]).toMatchObject({ method: "PATCH", headers: { "If-Match": "*", "Content-Type": "application/trickle-ice-sdpfrag" } });
    expect(calls[1]?.body).toContain("a=ice-ufrag:u2");
    expect(peers[0]?.acceptedRestart).toContain("a=ice-ufrag:fresh");
    peers[0]?.become("connected");
    await vi.advanceTimersByTimeAsync(10_000);
    expect(states).toEqual(["connected", "reconnecting", "connected"]);
    expect(peers).toHaveLength(1);
  });

  test("opens a new session at once when the server does not know the old one", async () => {
    server({ POST: created, PATCH: gone, DELETE: ok });
    const session = open();
    await settle();
    peers[0]?.become("connected");
    session.check();
    await vi.advanceTimersByTimeAsync(1);
    expect(peers).toHaveLength(2);
    peers[1]?.become("connected");
    expect(states).toEqual(["connected", "reconnecting", "connected"]);
  });

  test("opens a new session when the restart does not help", async () => {
    server({ POST: created, PATCH: restarted, DELETE: ok });
    open();
    await settle();
    peers[0]?.become("connected");
    peers[0]?.become("disconnected");
    await vi.advanceTimersByTimeAsync(2_600);
    expect(peers).toHaveLength(2);
  });

  test("waits longer between attempts while there is no network", async () => {
    const calls = server({});
    open();
    await settle();
    expect(calls).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(250);
    expect(calls).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(250);
    expect(calls).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(250);
    expect(calls).toHaveLength(3);
    expect(new Set(states)).toEqual(new Set(["reconnecting"]));
  });

  test("gives up where the answer will not change, until asked again", async () => {
    const calls = server({ POST: gone });
    const session = open();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(calls).toHaveLength(1);
    expect(session.current).toMatchObject({ name: "failed", problem: { title: "Unknown session" } });
    session.again();
    await settle();
    expect(calls).toHaveLength(2);
  });

  test("a connection that never comes up is tried anew", async () => {
    server({ POST: created, DELETE: ok });
    open();
    await vi.advanceTimersByTimeAsync(6_300);
    expect(peers).toHaveLength(2);
  });

  /* A steady stream that stops after two seconds; `later` says what is heard from then on. */
  async function stream(peer: FakePeer | undefined, later: (ms: number) => boolean, ms: number): Promise<void> {
    let heard = 0;
    for (let at = 0; at < 2_000 + ms; at += 400) {
      heard += at < 2_000 || later(at - 2_000) ? 20 : 0;
      peer?.onheard?.(heard, at);
      await vi.advanceTimersByTimeAsync(400);
    }
  }

  test("doubts a silent path, says so within three seconds, and then opens a new session", async () => {
    const calls = server({ POST: created, PATCH: restarted, DELETE: ok });
    open();
    await settle();
    peers[0]?.become("connected");
    await stream(peers[0], () => false, 1_200);
    expect(calls.filter((c) => c.method === "PATCH")).toHaveLength(1);
    expect(states).toEqual(["connected"]);
    await vi.advanceTimersByTimeAsync(400);
    expect(states).toEqual(["connected", "reconnecting"]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(peers).toHaveLength(2);
  });

  test("goes on without a word when the restart finds another path", async () => {
    server({ POST: created, PATCH: restarted, DELETE: ok });
    open();
    await settle();
    peers[0]?.become("connected");
    await stream(peers[0], (ms) => ms > 1_000, 10_000);
    expect(states).toEqual(["connected"]);
    expect(peers).toHaveLength(1);
  });

  test("takes back what it said when something is heard again", async () => {
    server({ POST: created, PATCH: restarted, DELETE: ok });
    open();
    await settle();
    peers[0]?.become("connected");
    await stream(peers[0], (ms) => ms > 2_400, 10_000);
    expect(states).toEqual(["connected", "reconnecting", "connected"]);
    expect(peers).toHaveLength(1);
  });
});
