/* The little SDP a WHIP/WHEP client writes itself: fragments for PATCH (RFC 8840 §9, RFC 9725 §4.3)
 * and an old answer with the server's new ICE credentials in it. */

export interface IceCredentials {
  readonly ufrag: string;
  readonly pwd: string;
}

function lines(sdp: string): readonly string[] {
  return sdp.split(/\r?\n/).filter((line) => line !== "");
}

function first(all: readonly string[], prefix: string): string | null {
  const line = all.find((l) => l.startsWith(prefix));
  return line === undefined ? null : line.slice(prefix.length);
}

export function iceCredentialsOf(sdp: string): IceCredentials | null {
  const all = lines(sdp);
  const ufrag = first(all, "a=ice-ufrag:");
  const pwd = first(all, "a=ice-pwd:");
  return ufrag === null || pwd === null ? null : { ufrag, pwd };
}

/* The fragment that asks for an ICE restart with the credentials of `offer`. */
export function restartFragment(offer: string): string {
  const all = lines(offer);
  const credentials = iceCredentialsOf(offer);
  const media = all.find((line) => line.startsWith("m="));
  const mid = first(all, "a=mid:");
  if (credentials === null || media === undefined || mid === null) {
    throw new Error("the offer has no ICE credentials or no media");
  }
  const bundle = all.find((line) => line.startsWith("a=group:BUNDLE"));
  const kind = media.slice(2).split(" ")[0] ?? "audio";
  return [
    "a=ice-options:trickle ice2",
    ...(bundle === undefined ? [] : [bundle]),
    `m=${kind} 9 UDP/TLS/RTP/SAVPF 0`,
    "c=IN IP4 0.0.0.0",
    `a=mid:${mid}`,
    `a=ice-ufrag:${credentials.ufrag}`,
    `a=ice-pwd:${credentials.pwd}`,
    "",
  ].join("\r\n");
}

/* The earlier answer, as if given again after the restart. */
export function answerAfterRestart(answer: string, fragment: string): string {
  const credentials = iceCredentialsOf(fragment);
  if (credentials === null) {
    throw new Error("the fragment has no ICE credentials");
  }
  return lines(answer)
    .map((line) => {
      if (line.startsWith("a=ice-ufrag:")) {
        return `a=ice-ufrag:${credentials.ufrag}`;
      }
      return line.startsWith("a=ice-pwd:") ? `a=ice-pwd:${credentials.pwd}` : line;
    })
    .concat("")
    .join("\r\n");
}

/* `Link: <turn:…>; rel="ice-server"; username="u"; credential="p"` (RFC 9725 §4.6). */
export function iceServersFromLink(header: string | null): RTCIceServer[] {
  if (header === null) {
    return [];
  }
  const servers: RTCIceServer[] = [];
  for (const part of header.split(/,(?=\s*<)/)) {
    const match = /^\s*<([^>]+)>(.*)$/s.exec(part);
    if (match === null || !/;\s*rel="?ice-server"?/i.test(match[2] ?? "")) {
      continue;
    }
    const field = (name: string): string | undefined =>
      new RegExp(`;\\s*${name}="((?:[^"\\\\]|\\\\.)*)"`, "i").exec(match[2] ?? "")?.[1]?.replace(/\\(.)/g, "$1");
    const username = field("username");
    const credential = field("credential");
    servers.push({
      urls: [match[1] ?? ""],
      ...(username === undefined ? {} : { username }),
      ...(credential === undefined ? {} : { credential }),
    });
  }
  return servers;
}
