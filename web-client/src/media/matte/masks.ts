/* Masks of 0 and 1, made smaller or larger by the four neighbours of each sample. */

export class Masks {
  mask: Uint8Array;
  private other: Uint8Array;

  constructor(
    private readonly width: number,
    private readonly height: number,
  ) {
    this.mask = new Uint8Array(width * height);
    this.other = new Uint8Array(width * height);
  }

  shrink(): void {
    this.pass((a, b, c, d, e) => a & b & c & d & e);
  }

  grow(): void {
    this.pass((a, b, c, d, e) => a | b | c | d | e);
  }

  private pass(join: (a: number, b: number, c: number, d: number, e: number) => number): void {
    const { width, height, mask, other } = this;
    for (let y = 0; y < height; y++) {
      const above = y > 0 ? -width : 0;
      const below = y + 1 < height ? width : 0;
      for (let x = 0; x < width; x++) {
        const i = y * width + x;
        const left = x > 0 ? -1 : 0;
        const right = x + 1 < width ? 1 : 0;
        other[i] = join(mask[i]!, mask[i + left]!, mask[i + right]!, mask[i + above]!, mask[i + below]!);
      }
    }
    this.mask = other;
    this.other = mask;
  }
}
