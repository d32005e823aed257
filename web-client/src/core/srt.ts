/* SubRip as WebVTT. There is no standard; this is what players agree on: blocks of an optional number,
 * a line with times (comma or point before the milliseconds), and words. */

const TIMES = /^\s*(\d{1,3}):(\d{1,2}):(\d{1,2})[,.](\d{1,3})\s*-->\s*(\d{1,3}):(\d{1,2}):(\d{1,2})[,.](\d{1,3})/;

const stamp = (h = "0", m = "0", s = "0", ms = "0"): string =>
  `${h.padStart(2, "0")}:${m.padStart(2, "0")}:${s.padStart(2, "0")}.${ms.padEnd(3, "0")}`;

const plain = (row: string): string =>
  row
    .replace(/\{\\[^}]*\}/g, "")
    .replace(/<\/?(?:font|b|i|u)\b[^>]*>/gi, "")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/-->/g, "→");

/* "" when there is not one block in it. */
export function vttOfSrt(file: string): string {
  const rows = file.replace(/^\ufeff/, "").split(/\r\n|\r|\n/);
  const cues: string[] = [];
  for (let at = 0; at < rows.length; at++) {
    const match = TIMES.exec(rows[at] ?? "");
    if (match === null) {
      continue;
    }
    const words: string[] = [];
    while (at + 1 < rows.length && (rows[at + 1] ?? "").trim() !== "") {
      at++;
      words.push(plain(rows[at] ?? ""));
    }
    if (words.length > 0) {
      cues.push(`${stamp(...match.slice(1, 5))} --> ${stamp(...match.slice(5, 9))}\n${words.join("\n")}`);
    }
  }
  return cues.length === 0 ? "" : `WEBVTT\n\n${cues.join("\n\n")}\n`;
}

/* Text of a caption file: UTF-8, or the Windows encoding such files come in when it is not. */
export function textOf(bytes: ArrayBuffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}
