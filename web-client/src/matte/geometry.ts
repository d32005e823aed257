/* What the renderers of stacked pictures work out from a layout. No DOM. */
import type { MatteLayout, Rectangle, Size } from "../core/matte-layout";

/* What is nearly nothing is nothing, what is nearly all is all: a codec's noise is not seen. */
export const CLAMP_LOW = 0.06;
export const CLAMP_HIGH = 0.94;
/* Patches that differ less than this tell nothing (a black camera, a torn frame): then nobody is shown. */
export const LEAST_CONTRAST = 0.25;

/* In pixels, the person's picture in a stacked one of this size. */
export function personSize(layout: MatteLayout, picture: Size): Size {
  return {
    width: Math.max(1, Math.round(layout.colour.w * picture.width)),
    height: Math.max(1, Math.round(layout.colour.h * picture.height)),
  };
}

/* Width over height of the person, whatever the picture was rescaled to. */
export function personAspect(layout: MatteLayout): number {
  return (layout.colour.w * layout.width) / (layout.colour.h * layout.height);
}

export interface Bounds {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/* How far samples may be taken: linear sampling mixes what lies half a texel beside a point, and a
 * rescaled picture has mixed its parts at their seam once already. */
export function sampleBounds(r: Rectangle, layout: MatteLayout, picture: Size): Bounds {
  const inset = picture.width === layout.width && picture.height === layout.height ? 0.5 : 1;
  const dx = Math.min(inset / picture.width, r.w / 2);
  const dy = Math.min(inset / picture.height, r.h / 2);
  return { left: r.x + dx, top: r.y + dy, right: r.x + r.w - dx, bottom: r.y + r.h - dy };
}

/* The middle of a patch, far from what the codec smeared across its edge. */
export function patchCore(r: Rectangle): Rectangle {
  return { x: r.x + r.w / 4, y: r.y + r.h / 4, w: r.w / 2, h: r.h / 2 };
}

/* The share of the person in 0…1 of a matte's luma, by the luma of the patches of the same frame. */
export function shareOf(luma: number, black: number, white: number): number {
  if (white - black < LEAST_CONTRAST) {
    return 0;
  }
  const share = (luma - black) / (white - black);
  return Math.min(1, Math.max(0, (share - CLAMP_LOW) / (CLAMP_HIGH - CLAMP_LOW)));
}
