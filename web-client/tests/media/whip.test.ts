import { afterEach, expect, test, vi } from "vitest";
import { FakePeer } from "../../src/media/fake-peer";
import { STAGE_SLOTS, watchVisit, watchWalkthrough } from "../../src/media/whep";
import { publish } from "../../src/media/whip";

afterEach(() => vi.unstubAllGlobals());

function record(): { urls: string[]; peers: FakePeer[]; createPeer: (lines: ConstructorParameters<typeof FakePeer>[0]) => FakePeer } {
  const urls: string[] = [];
  const peers: FakePeer[] = [];
  vi.stubGlobal("fetch", (url: string) => {
    urls.push(url);
    return Promise.resolve(new Response("v=0\r\n", { status: 201, headers: { Location: "http://localhost/s" } }));
  });
  return {
    urls,
    peers,
    createPeer: (lines) => {
      const peer = new FakePeer(lines);
      peers.push(peer);
      return peer;
    },
  };
}

const options = (signal: AbortSignal): { iceServers: []; signal: AbortSignal; onstate: () => void } => ({ iceServers: [], signal, onstate: () => undefined });
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

test("a publisher offers sound and picture, VP8 first, and swaps tracks without a new offer", async () => {
  const { urls, peers, createPeer } = record();
  const life = new AbortController();
  const track = { kind: "video" } as MediaStreamTrack;
  const publisher = publish({ visit: "v 1", source: "camera", token: null, createPeer, ...options(life.signal) }, { audio: null, video: track });
  await settled();
  await publisher.set("video", null);
  expect(urls).toEqual(["/whip/v%201?source=camera"]);
  expect(peers[0]?.lines).toMatchObject([{ kind: "audio", track: null }, { kind: "video", track, codec: "VP8" }]);
  expect(peers[0]?.lines[1]?.encodings?.map(({ rid, smaller }) => [rid, smaller])).toEqual([["q", 4], ["h", 2], ["f", 1]]);
  expect(peers[0]?.replaced).toEqual([{ kind: "video", track: null }]);
  life.abort();
});

test("a viewer asks for one picture and one sound of each slot", async () => {
  const { peers, createPeer } = record();
  const life = new AbortController();
  watchVisit("v1", "tok", { createPeer, onslots: () => undefined, ...options(life.signal) });
  await settled();
  const kinds = peers[0]?.lines.map((line) => line.kind) ?? [];
  expect(kinds.filter((k) => k === "video")).toHaveLength(STAGE_SLOTS);
  expect(kinds.filter((k) => k === "audio")).toHaveLength(STAGE_SLOTS);
  expect(peers[0]?.lines.every((line) => line.direction === "recvonly")).toBe(true);
  life.abort();
});

test("a walkthrough starts at the second it was left", async () => {
  const { urls, createPeer } = record();
  const life = new AbortController();
  watchWalkthrough("arc", { createPeer, token: null, from: () => 12.3456, onsession: () => undefined, ...options(life.signal) });
  await settled();
  expect(urls).toEqual(["/whep/w/arc?t=12.346"]);
  life.abort();
});
