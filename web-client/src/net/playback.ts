/* Steering an on-demand session: POST {Location}/control and the events it sends. */
import { parseLayers, parsePosition, type Layers, type Position } from "../core/playback";
import { problemOf } from "../core/problem";

export type Control =
  | { readonly action: "play" }
  | { readonly action: "pause" }
  | { readonly action: "seek"; readonly t: number }
  | { readonly action: "rate"; readonly rate: number }
  | { readonly action: "layer"; readonly slot: number; readonly rung: string }
  | { readonly action: "layer"; readonly slot: number; readonly max_width: number; readonly max_height: number };

export async function control(location: string, command: Control, signal: AbortSignal, token: string | null = null): Promise<Position> {
  const response = await fetch(`${location}/control`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...(token === null ? {} : { Authorization: `Bearer ${token}` }) },
    body: JSON.stringify(command),
    signal,
  });
  if (!response.ok) {
    throw await problemOf(response);
  }
  return parsePosition(await response.json());
}

export function watchPosition(
  location: string,
  signal: AbortSignal,
  on: { readonly position: (position: Position) => void; readonly layers: (layers: Layers) => void },
): void {
  const events = new EventSource(`${location}/events`);
  const listen = <T>(name: string, parse: (value: unknown) => T, take: (value: T) => void): void => {
    events.addEventListener(name, (event: MessageEvent<unknown>) => {
      try {
        take(parse(JSON.parse(String(event.data))));
      } catch {
        /* an event we do not know */
      }
    });
  };
  for (const name of ["state", "position", "ended"]) {
    listen(name, parsePosition, on.position);
  }
  listen("layers", parseLayers, on.layers);
  signal.addEventListener("abort", () => events.close(), { once: true });
}
