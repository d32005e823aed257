/* The matte half and the guard band of the stacked picture. */
import { guardRows, layoutFor, type MatteLayout } from "../../core/matte-layout";
import { BLACK, GREY, makeYuv, WHITE, type Yuv } from "./picture";

/* Below the first a share is noise; from the second on it is true. The same at the other end. */
const DEAD = 0.03;
const TRUE = 0.12;

/* What is nearly nothing becomes nothing, and what is nearly all becomes all; an edge stays as it is, for players cut
 * off both ends too. */
export function quiet(share: Float32Array): void {
  for (let i = 0; i < share.length; i++) {
    const a = share[i]!;
    const b = a < 0.5 ? a : 1 - a;
    if (b < TRUE && b > 0) {
      const c = b <= DEAD ? 0 : (b - DEAD) * (TRUE / (TRUE - DEAD));
      share[i] = a < 0.5 ? c : 1 - c;
    }
  }
}

/* With the guard band and its patches in it, and nobody. */
export function makeStacked(width: number, height: number): { picture: Yuv; layout: MatteLayout } {
  const layout = layoutFor(width, height);
  const picture = makeYuv(layout.width, layout.height);
  picture.y.fill(BLACK);
  picture.u.fill(GREY);
  picture.v.fill(GREY);
  const { white } = layout.patches;
  const left = Math.round(white.x * width);
  for (let y = Math.round(white.y * layout.height); y < Math.round((white.y + white.h) * layout.height); y++) {
    picture.y.fill(WHITE, y * width + left, y * width + left + Math.round(white.w * width));
  }
  return { picture, layout };
}

/* Chroma of this half stays grey. */
export function writeMatte(share: Float32Array, stacked: Yuv, height: number): void {
  const from = (height + guardRows(height)) * stacked.width;
  for (let i = 0; i < share.length; i++) {
    stacked.y[from + i] = BLACK + (WHITE - BLACK) * share[i]! + 0.5;
  }
}

/* Nobody: nothing of the frame before may stay. */
export function writeNobody(stacked: Yuv, height: number): void {
  const half = height * stacked.width;
  stacked.y.fill(BLACK, 0, half);
  stacked.u.fill(GREY, 0, half / 4);
  stacked.v.fill(GREY, 0, half / 4);
  stacked.y.fill(BLACK, half + guardRows(height) * stacked.width);
}
