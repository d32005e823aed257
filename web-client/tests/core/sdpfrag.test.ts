import { describe, expect, test } from "vitest";
import { answerAfterRestart, iceCredentialsOf, iceServersFromLink, restartFragment } from "../../src/core/sdpfrag";

const OFFER = [
  "v=0", "a=group:BUNDLE 0 1", "m=video 9 UDP/TLS/RTP/SAVPF 96", "a=mid:0", "a=ice-ufrag:abcd", "a=ice-pwd:secret",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=mid:1", "a=ice-ufrag:abcd", "a=ice-pwd:secret", "",
].join("\r\n");

describe("ICE restart", () => {
  test("asks with the new credentials of the offer", () => {
    expect(restartFragment(OFFER).split("\r\n")).toEqual([
      "a=ice-options:trickle ice2", "a=group:BUNDLE 0 1", "m=video 9 UDP/TLS/RTP/SAVPF 0", "c=IN IP4 0.0.0.0",
      "a=mid:0", "a=ice-ufrag:abcd", "a=ice-pwd:secret", "",
    ]);
    expect(() => restartFragment("v=0\r\n")).toThrow();
  });

  test("puts the server's new credentials into every line of the old answer", () => {
    const answer = answerAfterRestart(OFFER, "a=ice-ufrag:new\r\na=ice-pwd:newer\r\n");
    expect(answer.match(/a=ice-ufrag:new\r\n/g)).toHaveLength(2);
    expect(iceCredentialsOf(answer)).toEqual({ ufrag: "new", pwd: "newer" });
    expect(() => answerAfterRestart(OFFER, "")).toThrow();
  });
});

test("ICE servers come from Link headers", () => {
  const header = '<stun:stun.example.net>; rel="ice-server", <turn:turn.example.net?transport=udp>; rel="ice-server"; username="u"; credential="p\\"w", </help>; rel="help"';
  expect(iceServersFromLink(header)).toEqual([
    { urls: ["stun:stun.example.net"] },
    { urls: ["turn:turn.example.net?transport=udp"], username: "u", credential: 'p"w' },
  ]);
  expect(iceServersFromLink(null)).toEqual([]);
});
