/* Is anything still coming over the network? Fed with a counter that grows with whatever is heard; a
 * stream of sound makes it grow all the time, a still connection only with a check now and then, so the
 * silence that is too long is learnt from what went before. */

/* ms without anything after a steady stream: several looks, dozens of packets. */
const STEADY_SILENCE = 1_000;
/* Browsers check a still path every 2.5 to 5 s. */
const STILL_SILENCE = 7_000;
/* Growth that came at most so late after the last one is part of a stream. */
const STEADY_GAP = 900;
const STEADY_AFTER = 4;

export class Pulse {
  private heard = -1;
  private since = 0;
  private run = 0;

  /* True: silent for longer than it should be. */
  take(heard: number, at: number): boolean {
    if (heard !== this.heard) {
      this.run = this.heard >= 0 && at - this.since <= STEADY_GAP ? this.run + 1 : 0;
      this.heard = heard;
      this.since = at;
      return false;
    }
    return at - this.since > (this.run >= STEADY_AFTER ? STEADY_SILENCE : STILL_SILENCE);
  }
}
