/* Network dots from what getStats counts: 0 nothing arrives … 4 good. */

export interface MediaCounters {
  readonly at: number; /* ms */
  readonly packets: number;
  readonly lost: number;
  readonly rtt: number | null; /* s */
  readonly freezes: number;
}

export interface Dots {
  readonly dots: number;
  readonly loss: number;
  readonly rtt: number | null;
}

export function dotsBetween(before: MediaCounters, after: MediaCounters): Dots {
  const packets = Math.max(0, after.packets - before.packets);
  const lost = Math.max(0, after.lost - before.lost);
  const loss = packets + lost === 0 ? 0 : lost / (packets + lost);
  const rtt = after.rtt;
  if (packets === 0) {
    return { dots: 0, loss, rtt };
  }
  const froze = after.freezes > before.freezes;
  const slow = rtt === null ? 0 : rtt;
  let dots = 4;
  if (loss > 0.02 || slow > 0.25) {
    dots = 3;
  }
  if (loss > 0.05 || slow > 0.45 || froze) {
    dots = 2;
  }
  if (loss > 0.12 || slow > 0.9) {
    dots = 1;
  }
  return { dots, loss, rtt };
}
