/* Steering an on-demand session: POST {Location}/control and the events it sends. */
import { parsePosition, type Position } from "../core/playback";
import { problemOf } from "../core/problem";

export type Control =
  | { readonly action: "play" }
  | { readonly action: "pause" }
  | { readonly action: "seek"; readonly t: number }
  | { readonly action: "rate"; readonly rate: number };

export async function control(location: string, command: Control, signal: AbortSignal): Promise<Position> {
  const response = await fetch(`${location}/control`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(command),
    signal,
  });
  if (!response.ok) {
    throw await problemOf(response);
  }
  return parsePosition(await response.json());
}

export function watchPosition(location: string, signal: AbortSignal, onposition: (position: Position) => void): void {
  const events = new EventSource(`${location}/events`);
  const take = (event: MessageEvent<unknown>): void => {
    try {
      onposition(parsePosition(JSON.parse(String(event.data))));
    } catch {
      /* an event we do not know */
    }
  };
  for (const name of ["state", "position", "ended"]) {
    events.addEventListener(name, take as EventListener);
  }
  signal.addEventListener("abort", () => events.close(), { once: true });
}
