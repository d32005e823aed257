/* The ways from a browser to the server, what was found on each, and what that means for a visit. */

export const WAYS = ["https", "websocket", "udp", "tcp", "turn-udp", "turn-tcp", "turn-tls"] as const;
export type Way = (typeof WAYS)[number];

export type Finding =
  | { readonly state: "waiting" | "trying" | "absent" | "blocked" }
  | { readonly state: "works"; readonly ms: number };

export type Findings = Readonly<Record<Way, Finding>>;

export const nothingFound: Findings = Object.fromEntries(WAYS.map((way) => [way, { state: "waiting" }])) as Record<Way, Finding>;

/* Live pictures: straight, around, or not at all. Whoever cannot reach the pages or hear what happens has no
 * visit either. */
export type Verdict = "trying" | "good" | "detour" | "no-media" | "no-events" | "unreachable";

const MEDIA: readonly Way[] = ["udp", "tcp", "turn-udp", "turn-tcp", "turn-tls"];

export const bestWay = (findings: Findings): Way | null => MEDIA.find((way) => findings[way].state === "works") ?? null;

export function verdictOf(findings: Findings): Verdict {
  if (WAYS.some((way) => findings[way].state === "waiting" || findings[way].state === "trying")) {
    return "trying";
  }
  if (findings.https.state !== "works") {
    return "unreachable";
  }
  const best = bestWay(findings);
  if (best === null) {
    return "no-media";
  }
  if (findings.websocket.state !== "works") {
    return "no-events";
  }
  return best === "udp" ? "good" : "detour";
}

/* Which of our candidates a try may use; the others are taken out of the answer. */
export function onlyCandidates(answer: string, protocol: "udp" | "tcp"): string {
  return answer
    .split(/\r?\n/)
    .filter((line) => !line.startsWith("a=candidate:") || new RegExp(`^a=candidate:\\S+ \\d+ ${protocol} `, "i").test(line))
    .join("\r\n");
}

/* "203.0.113.4 port 3478" for each candidate of a protocol, for people who open firewalls. */
export function addressesOf(answer: string, protocol: "udp" | "tcp"): readonly string[] {
  const found = [...answer.matchAll(/^a=candidate:\S+ \d+ (\S+) \d+ (\S+) (\d+) typ host/gim)]
    .filter(([, of]) => of?.toLowerCase() === protocol)
    .map(([, , address, port]) => `${address} port ${port}`);
  return [...new Set(found)].filter((address) => !/^(127\.|::1 )/.test(address));
}

/* The TURN servers of one way, each by itself. */
export function turnServers(servers: readonly RTCIceServer[], way: "turn-udp" | "turn-tcp" | "turn-tls"): readonly RTCIceServer[] {
  const fits = (url: string): boolean =>
    way === "turn-tls" ? url.startsWith("turns:") : url.startsWith("turn:") && url.includes("transport=tcp") === (way === "turn-tcp");
  return servers.flatMap((server) => {
    const urls = (Array.isArray(server.urls) ? server.urls : [server.urls]).filter(fits);
    return urls.length === 0 ? [] : [{ ...server, urls }];
  });
}
