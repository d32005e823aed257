/* What tells a person from the room behind: a learned model, a wall of one colour, or a picture of the
 * empty room. */
import type { Yuv } from "./picture";

export type Method = "learned" | "green" | "plate";

/* Colour of the room behind the person, where it is known; so an edge can be freed from it. */
export interface Room {
  /* Of one row of chroma samples. */
  row(y: number, luma: Float32Array, u: Float32Array, v: Float32Array): void;
  /* Light of this colour may lie on the person too; direction in chroma, of length 1. */
  readonly spill: { readonly u: number; readonly v: number } | null;
}

/* "ok": the share is filled in; else why it cannot be. */
export type Told = "ok" | "no-wall" | "no-plate";

export interface Matte {
  /* The share of the person of every pixel of `frame`, 0 to 1, into `share`. `image` is the same picture. */
  look(frame: Yuv, image: CanvasImageSource | null, share: Float32Array): Told;
  readonly room: Room | null;
  close(): void;
}
