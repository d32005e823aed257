/* How old what the customer sees is: from the moment it reached our door (or left the camera's browser)
 * until it is on a screen. Parts that nobody measured are named, not guessed. */

/* One inbound stream of getStats at one moment (W3C webrtc-stats, RTCInboundRtpStreamStats). */
export interface PlayoutCounters {
  /* Sums since the start: seconds that all frames waited together, and how many frames that were. */
  readonly waited: number;
  readonly emitted: number;
  /* s, for each frame from being complete to being decoded, sums again. */
  readonly decoding: number;
  readonly decoded: number;
}

export interface Transport {
  /* Round trip to the server, s; null when not known yet. */
  readonly rtt: number | null;
}

/* From the server's door to this screen, in ms: half the round trip, then the wait in the jitter buffer and
 * the decoder between two looks. Null while nothing was shown between them. */
export function viewDelay(before: PlayoutCounters, after: PlayoutCounters, { rtt }: Transport): number | null {
  const shown = after.emitted - before.emitted;
  if (shown <= 0 || rtt === null) {
    return null;
  }
  const waited = (after.waited - before.waited) / shown;
  const decoded = after.decoded - before.decoded;
  const decoding = decoded > 0 ? Math.max(0, after.decoding - before.decoding) / decoded : 0;
  const whole = (rtt / 2 + Math.max(0, waited) + decoding) * 1000;
  return Number.isFinite(whole) ? Math.round(whole) : null;
}

export interface WholeDelay {
  readonly ms: number;
  /* What it is made of; null: not measured, and so not in `ms`. */
  readonly source: number | null;
  readonly view: number;
  /* Whether `ms` leaves out a part. */
  readonly atLeast: boolean;
}

/* `source`: from arrival at our door to sent, as the source's own process measures it (live sources), or 0
 * when the picture comes from a browser over WHIP, whose camera and encoder nobody can look into. */
export function wholeDelay(view: number | null, source: number | null, live: boolean): WholeDelay | null {
  if (view === null) {
    return null;
  }
  return { ms: Math.round(view + (source ?? 0)), source, view, atLeast: !live || source === null };
}

/* Calms a row of measures, so that a person can read the number: the median of the last few. */
export class Calm {
  private readonly row: number[] = [];

  constructor(private readonly most = 5) {}

  take(value: number): number {
    this.row.push(value);
    if (this.row.length > this.most) {
      this.row.shift();
    }
    const sorted = [...this.row].sort((a, b) => a - b);
    return sorted[sorted.length >> 1] ?? value;
  }

  forget(): void {
    this.row.length = 0;
  }
}
