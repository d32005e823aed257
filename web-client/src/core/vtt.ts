/* WebVTT cues (https://www.w3.org/TR/webvtt1/): text and times; styling and regions are left out,
 * because the page draws captions itself. */
export interface Cue {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const TIMING = /^(\S+)[ \t]+-->[ \t]+(\S+)/;
const TIME = /^(?:(\d{2,}):)?([0-5]\d):([0-5]\d)\.(\d{3})$/;

function seconds(word: string): number | null {
  const match = TIME.exec(word);
  if (match === null) {
    return null;
  }
  const [, h = "0", m = "0", s = "0", ms = "0"] = match;
  return Number(h) * 3600 + Number(m) * 60 + Number(s) + Number(ms) / 1000;
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&", lt: "<", gt: ">", nbsp: "\u00a0", lrm: "\u200e", rlm: "\u200f",
};

function plain(payload: string): string {
  return payload
    .replace(/<[^>]*>/g, "")
    .replace(/&(amp|lt|gt|nbsp|lrm|rlm);/g, (_, name: string) => ENTITIES[name] ?? "")
    .trim();
}

/* Bad blocks are skipped, as the specification asks. Sorted by start. */
export function parseVtt(file: string): readonly Cue[] {
  const lines = file.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n");
  if (!/^WEBVTT([ \t\n]|$)/.test(lines)) {
    return [];
  }
  const cues: Cue[] = [];
  for (const block of lines.split(/\n{2,}/).slice(1)) {
    const rows = block.split("\n").filter((row) => row !== "");
    const at = rows.findIndex((row) => TIMING.test(row));
    const match = at < 0 || at > 1 ? null : TIMING.exec(rows[at] ?? "");
    if (match === null) {
      continue;
    }
    const start = seconds(match[1] ?? "");
    const end = seconds(match[2] ?? "");
    const text = plain(rows.slice(at + 1).join("\n"));
    if (start !== null && end !== null && end > start && text !== "") {
      cues.push({ start, end, text });
    }
  }
  return cues.sort((a, b) => a.start - b.start);
}

export function cuesAt(cues: readonly Cue[], t: number): readonly Cue[] {
  return cues.filter((cue) => cue.start <= t && t < cue.end);
}
