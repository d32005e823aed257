/* Waiting times between attempts: doubled from `first` up to `most`, spread by up to a quarter so
 * that a room of viewers does not come back in one instant. */
export interface Backoff {
  /* Milliseconds to wait before the next attempt. */
  next(): number;
  reset(): void;
}

export function createBackoff(first: number, most: number, random: () => number): Backoff {
  let tries = 0;
  return {
    next() {
      const whole = Math.min(most, first * 2 ** tries);
      tries++;
      return Math.round(whole * (0.75 + 0.25 * random()));
    },
    reset() {
      tries = 0;
    },
  };
}
