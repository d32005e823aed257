/* Where a head is in a small picture of who sits before the screen. Faces of all tones have nearly one
 * direction in the plane of chroma (Chai and Ngan, 1999); what is higher up counts more than hands. */
export interface HeadAt {
  /* -1…1, to the viewer's own right and up. */
  readonly x: number;
  readonly y: number;
}

const LEAST_SHARE = 0.008;

/* Null: no face is to be seen. `rgba` as the camera sees it, not mirrored. */
export function headIn(rgba: ArrayLike<number>, width: number, height: number): HeadAt | null {
  let [sum, sx, sy, count] = [0, 0, 0, 0];
  for (let y = 0; y < height; y++) {
    const weight = 1.2 - y / height;
    for (let x = 0; x < width; x++) {
      const i = (y * width + x) * 4;
      const [r, g, b] = [rgba[i] ?? 0, rgba[i + 1] ?? 0, rgba[i + 2] ?? 0];
      const luma = 0.299 * r + 0.587 * g + 0.114 * b;
      const cb = 128 + 0.564 * (b - luma);
      const cr = 128 + 0.713 * (r - luma);
      if (luma > 35 && cb >= 77 && cb <= 127 && cr >= 133 && cr <= 176) {
        sum += weight;
        sx += weight * (x + 0.5);
        sy += weight * (y + 0.5);
        count++;
      }
    }
  }
  return count < LEAST_SHARE * width * height ? null : { x: 1 - (2 * sx) / sum / width, y: 1 - (2 * sy) / sum / height };
}

/* A step towards where it was seen; to the middle when it was not. */
export function followed(from: HeadAt, seen: HeadAt | null, share: number): HeadAt {
  const to = seen ?? { x: 0, y: 0 };
  const step = seen === null ? share / 4 : share;
  return { x: from.x + (to.x - from.x) * step, y: from.y + (to.y - from.y) * step };
}
