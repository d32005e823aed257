/* A coarse look at the matte of a stacked picture, now and then: whether somebody is there, how wide they are
 * in each row, and where their middle is. */
import type { MatteLayout, Rectangle, Size } from "../core/matte-layout";
import { patchCore, shareOf } from "./geometry";

export interface Silhouette {
  /* By row from above, in shares of the width. */
  readonly widths: readonly number[];
  /* The middle of each row's person, in shares of the width; 0.5 where there is none. */
  readonly middles: readonly number[];
}

const COLUMNS = 64;
const ROWS = 96;

/* `rgba` is the matte alone, COLUMNS × rows. */
export function silhouetteOf(rgba: ArrayLike<number>, columns: number, black: number, white: number): Silhouette {
  const widths: number[] = [];
  const middles: number[] = [];
  for (let i = 0; i < rgba.length; i += columns * 4) {
    let [sum, moment] = [0, 0];
    for (let x = 0; x < columns; x++) {
      const share = shareOf((rgba[i + x * 4 + 1] ?? 0) / 255, black, white);
      sum += share;
      moment += share * (x + 0.5);
    }
    widths.push(sum / columns);
    middles.push(sum > 0.5 ? moment / sum / columns : 0.5);
  }
  return { widths, middles };
}

/* Somebody is there: not a speck. */
export const isAnybody = ({ widths }: Silhouette): boolean => widths.reduce((sum, w) => sum + w, 0) / widths.length > 0.004;

export class SilhouetteReader {
  private readonly paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

  /* Null where a browser lets nobody read. */
  read(picture: CanvasImageSource, size: Size, layout: MatteLayout): Silhouette | null {
    const { paint } = this;
    if (paint === null || size.width === 0) {
      return null;
    }
    const part = (r: Rectangle, w: number, h: number): Uint8ClampedArray => {
      paint.drawImage(picture, r.x * size.width, r.y * size.height, r.w * size.width, r.h * size.height, 0, 0, w, h);
      return paint.getImageData(0, 0, w, h).data;
    };
    const mean = (data: Uint8ClampedArray): number => data.reduce((sum, v, i) => (i % 4 === 1 ? sum + v : sum), 0) / (data.length / 4) / 255;
    paint.canvas.width = COLUMNS;
    paint.canvas.height = ROWS;
    const black = mean(part(patchCore(layout.patches.black), 4, 4));
    const white = mean(part(patchCore(layout.patches.white), 4, 4));
    return silhouetteOf(part(layout.matte, COLUMNS, ROWS), COLUMNS, black, white);
  }
}
