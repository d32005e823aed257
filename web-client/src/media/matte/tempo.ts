/* How many pictures a second are cut out: as many as the machine can do beside the rest, never more than 24. The
 * quality of a matte is not given up for more of them. */

const FASTEST = 1000 / 24;
const SLOWEST = 1000 / 6;
/* Of the time may be spent on cutting. */
const BUSY = 0.75;

export class Tempo {
  private cost = 0;
  private due = -Infinity;

  /* Whether the picture that came at `now` (ms) is one to take. */
  take(now: number): boolean {
    /* A camera's own beat is not even: a picture a little early is on time. */
    if (now < this.due - FASTEST / 4) {
      return false;
    }
    this.due = Math.max(this.due + this.interval, now);
    return true;
  }

  spent(ms: number): void {
    this.cost = this.cost === 0 ? ms : this.cost + (ms - this.cost) / 8;
  }

  get milliseconds(): number {
    return this.cost;
  }

  private get interval(): number {
    return Math.min(SLOWEST, Math.max(FASTEST, this.cost / BUSY));
  }
}
