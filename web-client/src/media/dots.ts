/* Watches a session's counters and tells its network dots every two seconds. */
import { dotsBetween, type Dots, type MediaCounters } from "../core/quality";
import type { MediaSession } from "./session";

const EVERY = 2_000;

export function watchDots(session: MediaSession, signal: AbortSignal, ondots: (dots: Dots) => void): void {
  let before: MediaCounters | null = null;
  const timer = setInterval(() => {
    if (session.current.name !== "connected") {
      before = null;
      if (session.current.name === "reconnecting") {
        ondots({ dots: 0, loss: 0, rtt: null });
      }
      return;
    }
    void session.counters()?.then((after) => {
      if (before !== null && after.packets >= before.packets && !signal.aborted) {
        ondots(dotsBetween(before, after));
      }
      before = after;
    });
  }, EVERY);
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
}
