/* Small pictures of a film by second: WebVTT whose cues name a part of a sprite, as
 * `storyboard-0.jpg#xywh=160,90,160,90` (Media Fragments URI 1.0 §4.2.2, pixels). */
import { parseVtt } from "./vtt";

export interface Tile {
  readonly start: number;
  readonly end: number;
  readonly url: string;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

const FRAGMENT = /^([^\s#]+)#xywh=(?:pixel:)?(\d{1,6}),(\d{1,6}),(\d{1,6}),(\d{1,6})$/;

/* `base`: where the file came from; its query (a key to a private replay) is given on to the sprites.
 * Only pictures of our own origin are taken. */
export function parseStoryboard(file: string, base: string): readonly Tile[] {
  const home = new URL(base);
  return parseVtt(file).flatMap((cue) => {
    const match = FRAGMENT.exec(cue.text);
    if (match === null) {
      return [];
    }
    const url = new URL(match[1] ?? "", home);
    if (url.origin !== home.origin) {
      return [];
    }
    if (url.search === "") {
      url.search = home.search;
    }
    const [x = 0, y = 0, w = 0, h = 0] = match.slice(2).map(Number);
    return w > 0 && h > 0 ? [{ start: cue.start, end: cue.end, url: url.href, x, y, w, h }] : [];
  });
}

/* The picture of that second; the last one also shortly after its end. */
export function tileAt(tiles: readonly Tile[], t: number): Tile | null {
  let low = 0;
  let high = tiles.length - 1;
  let found: Tile | null = null;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const tile = tiles[middle];
    if (tile === undefined || tile.start > t) {
      high = middle - 1;
    } else {
      found = tile;
      low = middle + 1;
    }
  }
  return found ?? tiles[0] ?? null;
}
