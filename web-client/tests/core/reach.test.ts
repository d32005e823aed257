import { describe, expect, test } from "vitest";
import { addressesOf, bestWay, nothingFound, onlyCandidates, turnServers, verdictOf, WAYS, type Findings, type Way } from "../../src/core/reach";

const ANSWER = [
  "m=audio 9 UDP/TLS/RTP/SAVPF 111",
  "a=candidate:1 1 udp 2130706431 203.0.113.4 3478 typ host",
  "a=candidate:2 1 udp 2130706175 127.0.0.1 3478 typ host",
  "a=candidate:3 1 tcp 1520435199 203.0.113.4 4443 typ host tcptype passive",
  "a=end-of-candidates",
  "",
].join("\r\n");

const found = (...works: Way[]): Findings =>
  Object.fromEntries(WAYS.map((way) => [way, works.includes(way) ? { state: "works", ms: 5 } : { state: "blocked" }])) as unknown as Findings;

describe("what the ways mean", () => {
  test("for a visit", () => {
    expect(verdictOf(nothingFound)).toBe("trying");
    expect(verdictOf({ ...found("https", "websocket", "udp"), tcp: { state: "trying" } })).toBe("trying");
    expect(verdictOf(found("https", "websocket", "udp"))).toBe("good");
    expect(verdictOf(found("https", "websocket", "turn-tls"))).toBe("detour");
    expect(verdictOf(found("https", "udp"))).toBe("no-events");
    expect(verdictOf(found("https", "websocket"))).toBe("no-media");
    expect(verdictOf(found())).toBe("unreachable");
    expect(verdictOf({ ...found("https", "websocket", "tcp"), "turn-udp": { state: "absent" } })).toBe("detour");
  });

  test("the best is the straightest", () => {
    expect(bestWay(found("turn-tls", "tcp"))).toBe("tcp");
    expect(bestWay(found("https"))).toBeNull();
  });
});

describe("an answer", () => {
  test("is tried by one protocol alone", () => {
    expect(onlyCandidates(ANSWER, "tcp").match(/a=candidate/g)).toHaveLength(1);
    expect(onlyCandidates(ANSWER, "udp")).not.toContain("tcptype");
    expect(onlyCandidates(ANSWER, "udp")).toContain("a=end-of-candidates");
  });

  test("names what a firewall must let through, without the machine itself", () => {
    expect(addressesOf(ANSWER, "udp")).toEqual(["203.0.113.4 port 3478"]);
    expect(addressesOf(ANSWER, "tcp")).toEqual(["203.0.113.4 port 4443"]);
  });
});

test("TURN servers are told apart by their transport", () => {
  const servers = [
    { urls: ["stun:s"] },
    { urls: "turn:t?transport=udp", username: "u", credential: "c" },
    { urls: ["turn:t?transport=tcp", "turns:t:443?transport=tcp"], username: "u", credential: "c" },
    { urls: "turn:plain" },
  ];
  expect(turnServers(servers, "turn-udp").map((s) => s.urls)).toEqual([["turn:t?transport=udp"], ["turn:plain"]]);
  expect(turnServers(servers, "turn-tcp").map((s) => s.urls)).toEqual([["turn:t?transport=tcp"]]);
  expect(turnServers(servers, "turn-tls")[0]).toEqual({ urls: ["turns:t:443?transport=tcp"], username: "u", credential: "c" });
});
