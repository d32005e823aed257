/* Measures how late this page's picture of the stage is: what getStats knows between two looks. */
import { Calm, viewDelay, type PlayoutCounters } from "../core/delay";
import type { MediaSession } from "./session";

const EVERY = 2_000;

/* Tells the ms from the server's door to this screen for the video line `slot()` (null: nothing is shown),
 * or null while it is not known. */
export function watchViewDelay(
  session: MediaSession,
  slot: () => number | null,
  signal: AbortSignal,
  ondelay: (ms: number | null) => void,
): void {
  let before: { readonly slot: number; readonly counters: PlayoutCounters } | null = null;
  const calm = new Calm();
  const forget = (): void => {
    before = null;
    calm.forget();
    ondelay(null);
  };
  const timer = setInterval(() => {
    const shown = slot();
    if (shown === null || session.current.name !== "connected") {
      forget();
      return;
    }
    void session.playout(shown)?.then((now) => {
      if (signal.aborted) {
        return;
      }
      if (now === null) {
        forget();
        return;
      }
      const ms = before !== null && before.slot === shown ? viewDelay(before.counters, now.counters, { rtt: now.rtt }) : null;
      before = { slot: shown, counters: now.counters };
      if (ms !== null) {
        ondelay(calm.take(ms));
      }
    });
  }, EVERY);
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
}
