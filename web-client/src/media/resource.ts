/* A WHIP or WHEP session as an HTTP resource (RFC 9725): POST makes it, PATCH restarts its ICE,
 * DELETE ends it. Tokens travel as Bearer; staff are known by their cookie. */
import { Problem, problemOf } from "../core/problem";
import { iceServersFromLink } from "../core/sdpfrag";

export interface Resource {
  readonly location: string;
  readonly answer: string;
  readonly etag: string | null;
  readonly iceServers: readonly RTCIceServer[];
}

export interface Endpoint {
  readonly url: string;
  readonly token: string | null;
}

function headers(endpoint: Endpoint, more: Record<string, string>): Record<string, string> {
  return endpoint.token === null ? more : { Authorization: `Bearer ${endpoint.token}`, ...more };
}

export async function createResource(endpoint: Endpoint, offer: string, signal: AbortSignal): Promise<Resource> {
  const response = await fetch(endpoint.url, {
    method: "POST",
    headers: headers(endpoint, { "Content-Type": "application/sdp", Accept: "application/sdp" }),
    body: offer,
    signal,
  });
  if (response.status !== 201) {
    throw await problemOf(response);
  }
  const location = response.headers.get("Location");
  if (location === null) {
    throw new Problem(502, "about:blank", "The answer names no session.", "");
  }
  return {
    location: new URL(location, new URL(endpoint.url, globalThis.location?.href ?? "http://localhost/")).href,
    answer: await response.text(),
    etag: response.headers.get("ETag"),
    iceServers: iceServersFromLink(response.headers.get("Link")),
  };
}

/* The server's fragment with its new credentials. `If-Match: "*"` as RFC 9725 §4.3.2 asks. */
export async function restartResource(
  endpoint: Endpoint,
  resource: Resource,
  fragment: string,
  signal: AbortSignal,
): Promise<string> {
  const response = await fetch(resource.location, {
    method: "PATCH",
    headers: headers(endpoint, { "Content-Type": "application/trickle-ice-sdpfrag", "If-Match": "*" }),
    body: fragment,
    signal,
  });
  if (response.status !== 200) {
    throw await problemOf(response);
  }
  return response.text();
}

/* How the picture of a virtual person is laid out, and how tall the person is. */
export async function putMatte(location: string, token: string | null, matte: unknown): Promise<void> {
  const response = await fetch(`${location}/matte`, {
    method: "PUT",
    headers: headers({ url: location, token }, { "Content-Type": "application/json" }),
    body: JSON.stringify(matte),
  });
  if (!response.ok) {
    throw await problemOf(response);
  }
}

/* Also while the page is being closed. Settles when the server has answered or cannot. */
export async function deleteResource(endpoint: Endpoint, resource: Resource): Promise<void> {
  try {
    await fetch(resource.location, { method: "DELETE", headers: headers(endpoint, {}), keepalive: true });
  } catch {
    /* gone already, or no network: the session ends by itself after 30 s without consent */
  }
}
