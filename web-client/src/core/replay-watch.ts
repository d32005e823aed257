/* When to ask again for a replay that is being made: soon at first, then calmer; not for ever. */
import type { WalkthroughInfo } from "./api";

export type ReplayState =
  | { readonly name: "asking" }
  | { readonly name: "making"; readonly progress: number }
  | { readonly name: "ready"; readonly slug: string }
  | { readonly name: "failed"; readonly why: string }
  /* Not recorded, or nothing of it is left. */
  | { readonly name: "none" }
  /* The server cannot be reached. */
  | { readonly name: "away" };

/* A visit that has just ended may need a moment until its replay is known at all. */
const UNKNOWN_FOR = 4_000;
const FIRST = 1_000;
const LAST = 10_000;

/* `answer`: what the server said; null: no such replay; undefined: it could not be asked. `since`: ms since
 * the first question. Null wait: do not ask again. */
export function replayAfter(
  answer: WalkthroughInfo | null | undefined,
  since: number,
  why: (w: WalkthroughInfo) => string,
): { readonly state: ReplayState; readonly wait: number | null } {
  const wait = Math.min(LAST, Math.max(FIRST, since / 15));
  if (answer === undefined) {
    return { state: { name: "away" }, wait };
  }
  if (answer === null) {
    return since < UNKNOWN_FOR ? { state: { name: "asking" }, wait } : { state: { name: "none" }, wait: null };
  }
  switch (answer.state) {
    case "ready":
      return { state: { name: "ready", slug: answer.slug }, wait: null };
    case "failed":
      return { state: { name: "failed", why: why(answer) }, wait: null };
    case "compiling":
      return { state: { name: "making", progress: answer.progress }, wait };
  }
}
