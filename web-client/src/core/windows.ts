/* How large a picture is shown, as the server is told it: it sends nobody more than a window shows. */

export interface Size {
  readonly width: number;
  readonly height: number;
}

/* What nobody looks at. */
export const SMALLEST: Size = { width: 1, height: 1 };
/* What is taken apart before it is shown. */
export const ANY: Size = { width: 16384, height: 16384 };

/* So coarse that a page which moves a little says nothing new. */
const STEP = 16;

/* The whole picture in device pixels, with the parts that `cover` cuts off. `aspect` is width by height,
 * 0 while it is not known; `ratio` the device pixels of one of ours. */
export function shownSize(box: Size, fit: "cover" | "contain", aspect: number, ratio: number): Size {
  if (box.width < 1 || box.height < 1) {
    return SMALLEST;
  }
  const fitted = fit === "cover" ? Math.max : Math.min;
  const width = aspect > 0 ? fitted(box.width, box.height * aspect) : box.width;
  const height = aspect > 0 ? width / aspect : box.height;
  const up = (side: number): number => Math.min(ANY.width, Math.ceil((side * ratio) / STEP) * STEP);
  return { width: up(width), height: up(height) };
}
