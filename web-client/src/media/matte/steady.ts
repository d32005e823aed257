/* A matte over time: what hardly changes is taken slowly, or edges strobe; what changes much is somebody who moves
 * and is taken as it is, or they would have a ghost. */

/* Change below the first is noise, above the second is a movement. */
const NOISE = 0.1;
const MOVE = 0.35;
const SLOW = 0.3;

export class Steady {
  private before: Float32Array | null = null;

  /* In place. */
  blend(share: Float32Array): void {
    const { before } = this;
    if (before === null || before.length !== share.length) {
      this.before = share.slice();
      return;
    }
    for (let i = 0; i < share.length; i++) {
      const now = share[i]!;
      const old = before[i]!;
      const change = Math.abs(now - old);
      const pace = change >= MOVE ? 1 : change <= NOISE ? SLOW : SLOW + ((1 - SLOW) * (change - NOISE)) / (MOVE - NOISE);
      share[i] = before[i] = old + (now - old) * pace;
    }
  }

  forget(): void {
    this.before = null;
  }
}
