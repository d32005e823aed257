/* Who is in the matte: nobody, one, or more; of more only the main one is kept. Looked at in cells of eight by eight
 * pixels. */

const CELL = 8;
/* Of the picture: less is nobody. */
const NOBODY = 0.006;
/* Of the main one's size: less is a speck, a plant, or a hand at the edge of the picture. */
const SOMEBODY = 0.12;
/* How much larger another must be to become the main one. */
const USURP = 1.6;
/* Cells around the main one that stay theirs: soft edges, hair. */
const AROUND = 2;

export interface People {
  readonly count: number;
  /* Of the main one, in shares of the height; only with a count of at least 1. */
  readonly top: number;
  readonly bottom: number;
}

const NO_ONE: People = { count: 0, top: 0, bottom: 1 };

interface Blob {
  readonly label: number;
  cells: number;
  top: number;
  bottom: number;
  /* Cells shared with who was the main one before. */
  shared: number;
}

export class Crowd {
  private readonly columns: number;
  private readonly rows: number;
  private readonly full: Uint8Array;
  private readonly labels: Int32Array;
  private readonly stack: Int32Array;
  private main: Uint8Array | null = null;
  private keep: Uint8Array;

  constructor(
    private readonly width: number,
    private readonly height: number,
  ) {
    this.columns = Math.ceil(width / CELL);
    this.rows = Math.ceil(height / CELL);
    const n = this.columns * this.rows;
    this.full = new Uint8Array(n);
    this.labels = new Int32Array(n);
    this.stack = new Int32Array(n);
    this.keep = new Uint8Array(n);
  }

  forget(): void {
    this.main = null;
  }

  /* Takes everybody but the main one out of `share`; all when there is nobody. */
  keepMain(share: Float32Array): People {
    this.look(share);
    const blobs = this.label();
    const least = NOBODY * this.columns * this.rows;
    const main = this.choose(blobs.filter((b) => b.cells >= least));
    if (main === null) {
      this.main = null;
      share.fill(0);
      return NO_ONE;
    }
    const others = blobs.filter((b) => b !== main && b.cells >= Math.max(least, SOMEBODY * main.cells));
    this.remember(main);
    if (blobs.length > 1) {
      this.cut(share);
    }
    return { count: 1 + others.length, top: main.top / this.rows, bottom: Math.min(1, (main.bottom + 1) / this.rows) };
  }

  private look(share: Float32Array): void {
    const { columns, rows, width, height, full } = this;
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) {
        let sum = 0;
        let count = 0;
        for (let j = y * CELL + 1; j < Math.min(height, y * CELL + CELL); j += 2) {
          for (let i = x * CELL + 1; i < Math.min(width, x * CELL + CELL); i += 2) {
            sum += share[j * width + i]!;
            count++;
          }
        }
        full[y * columns + x] = sum > 0.35 * count ? 1 : 0;
      }
    }
  }

  private label(): Blob[] {
    const { columns, rows, full, labels, stack, main } = this;
    const blobs: Blob[] = [];
    labels.fill(0);
    for (let start = 0; start < full.length; start++) {
      if (full[start] === 0 || labels[start] !== 0) {
        continue;
      }
      const blob: Blob = { label: blobs.length + 1, cells: 0, top: rows, bottom: 0, shared: 0 };
      let n = 0;
      stack[n++] = start;
      labels[start] = blob.label;
      while (n > 0) {
        const i = stack[--n]!;
        const x = i % columns;
        const y = (i - x) / columns;
        blob.cells++;
        blob.shared += main?.[i] ?? 0;
        blob.top = Math.min(blob.top, y);
        blob.bottom = Math.max(blob.bottom, y);
        for (const j of [x > 0 ? i - 1 : -1, x + 1 < columns ? i + 1 : -1, i - columns, y + 1 < rows ? i + columns : -1]) {
          if (j >= 0 && full[j] === 1 && labels[j] === 0) {
            labels[j] = blob.label;
            stack[n++] = j;
          }
        }
      }
      blobs.push(blob);
    }
    return blobs;
  }

  /* Who was the main one stays it unless another is much larger. */
  private choose(blobs: readonly Blob[]): Blob | null {
    let largest: Blob | null = null;
    let before: Blob | null = null;
    for (const blob of blobs) {
      if (largest === null || blob.cells > largest.cells) {
        largest = blob;
      }
      if (blob.shared > 0 && (before === null || blob.shared > before.shared)) {
        before = blob;
      }
    }
    return before !== null && largest !== null && largest.cells < USURP * before.cells ? before : largest;
  }

  private remember(main: Blob): void {
    const { labels, columns, rows } = this;
    const mine = new Uint8Array(labels.length);
    for (let i = 0; i < labels.length; i++) {
      mine[i] = labels[i] === main.label ? 1 : 0;
    }
    this.main = mine;
    this.keep.set(mine);
    for (let round = 0; round < AROUND; round++) {
      const from = this.keep.slice();
      for (let i = 0; i < from.length; i++) {
        const x = i % columns;
        /* Never into what belongs to another. */
        if (from[i] === 0 && (labels[i] === 0 || labels[i] === main.label)) {
          const near =
            (x > 0 && from[i - 1] === 1) ||
            (x + 1 < columns && from[i + 1] === 1) ||
            (i >= columns && from[i - columns] === 1) ||
            (i + columns < rows * columns && from[i + columns] === 1);
          this.keep[i] = near ? 1 : 0;
        }
      }
    }
  }

  private cut(share: Float32Array): void {
    const { width, height, columns, keep } = this;
    for (let y = 0; y < height; y++) {
      const row = Math.floor(y / CELL) * columns;
      for (let x = 0; x < width; x += CELL) {
        if (keep[row + x / CELL] === 0) {
          share.fill(0, y * width + x, y * width + Math.min(width, x + CELL));
        }
      }
    }
  }
}
