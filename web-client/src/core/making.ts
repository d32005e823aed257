/* What a walkthrough that is being made is at, in words. */
import type { WalkthroughInfo } from "./api";
import { en } from "./strings-en";
import { t, type Key } from "./strings";

/* "about 3 minutes left". */
export function leftWords(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) {
    return "";
  }
  if (seconds < 10) {
    return t("time.soon");
  }
  if (seconds < 55) {
    return t("time.seconds_left", { n: Math.ceil(seconds / 5) * 5 });
  }
  if (seconds < 90 * 60) {
    return t("time.minutes_left", { n: Math.max(1, Math.round(seconds / 60)) });
  }
  return t("time.hours_left", { n: Math.round(seconds / 3600) });
}

/* Pipelines may learn new stages before this catalogue does. */
export function stageWords(stage: string): string {
  const key = `making.${stage}`;
  return key in en ? t(key as Key) : t("making.other");
}

export function makingWords(w: Pick<WalkthroughInfo, "stage" | "seconds_left" | "ahead" | "progress" | "visit">): string {
  if (w.ahead > 0) {
    return t("making.ahead", { n: w.ahead });
  }
  if (w.stage === "" && w.progress <= 0) {
    return t(w.visit !== null ? "making.replay" : "making.starting");
  }
  const left = leftWords(w.seconds_left);
  return left === "" ? stageWords(w.stage) : `${stageWords(w.stage)} · ${left}`;
}

/* Files that will not become a film however often they are tried: only another file helps. */
const HOPELESS: readonly string[] = ["not_a_video", "no_picture", "empty", "protected", "no_source", "unsupported"];

export function mayRetry(w: Pick<WalkthroughInfo, "reason">): boolean {
  return !HOPELESS.includes(w.reason);
}

/* Why it failed: our words for the stable word, else the pipeline's own. */
export function failureWords(w: Pick<WalkthroughInfo, "error" | "reason">): string {
  const key = `failed.${w.reason}`;
  if (w.reason !== "" && key in en) {
    return t(key as Key);
  }
  return w.error !== null && w.error !== "" ? w.error : t("walkthroughs.broken");
}
