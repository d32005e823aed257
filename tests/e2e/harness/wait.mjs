// Bounded waiting for what tells nobody when it happens.
import { setTimeout as pause } from 'node:timers/promises';

export async function until(happened, { what, within = 10_000, every = 20 } = {}) {
  const end = performance.now() + within;
  for (;;) {
    const result = await happened();
    if (result) return result;
    if (performance.now() > end) {
      throw new Error(`waited ${within} ms in vain for ${typeof what === 'function' ? what() : what}`);
    }
    await pause(every);
  }
}

export const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted.length === 0 ? NaN : (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
};
