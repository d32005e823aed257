/* Hands values of known samples on to those around them, a sample farther each round. */

const WAITING = 255;

export class Spread {
  /* 0: unknown; 1: given; n + 1: reached in round n. */
  readonly known: Uint8Array;
  private now: Int32Array;
  private next: Int32Array;

  constructor(
    private readonly width: number,
    private readonly height: number,
    readonly planes: readonly Float32Array[],
  ) {
    this.known = new Uint8Array(width * height);
    this.now = new Int32Array(width * height);
    this.next = new Int32Array(width * height);
  }

  private want(i: number, list: Int32Array, n: number): number {
    const { width, height, known } = this;
    const x = i % width;
    if (x > 0 && known[i - 1] === 0) {
      known[i - 1] = WAITING;
      list[n++] = i - 1;
    }
    if (x + 1 < width && known[i + 1] === 0) {
      known[i + 1] = WAITING;
      list[n++] = i + 1;
    }
    if (i >= width && known[i - width] === 0) {
      known[i - width] = WAITING;
      list[n++] = i - width;
    }
    if (i + width < width * height && known[i + width] === 0) {
      known[i + width] = WAITING;
      list[n++] = i + width;
    }
    return n;
  }

  private take(i: number): void {
    const { width, known, planes } = this;
    const x = i % width;
    const near = [x > 0 ? i - 1 : -1, x + 1 < width ? i + 1 : -1, i - width, i + width < known.length ? i + width : -1];
    let count = 0;
    for (const plane of planes) {
      plane[i] = 0;
    }
    for (const j of near) {
      const k = j < 0 ? 0 : known[j]!;
      if (k !== 0 && k !== WAITING) {
        count++;
        for (const plane of planes) {
          plane[i]! += plane[j]!;
        }
      }
    }
    for (const plane of planes) {
      plane[i]! /= count;
    }
  }

  run(rounds: number): void {
    const { known } = this;
    let n = 0;
    for (let i = 0; i < known.length; i++) {
      if (known[i] === 1) {
        n = this.want(i, this.now, n);
      }
    }
    for (let round = 1; round <= rounds; round++) {
      for (let j = 0; j < n; j++) {
        this.take(this.now[j]!);
      }
      for (let j = 0; j < n; j++) {
        known[this.now[j]!] = round + 1;
      }
      let more = 0;
      for (let j = 0; j < n; j++) {
        more = this.want(this.now[j]!, this.next, more);
      }
      [this.now, this.next] = [this.next, this.now];
      n = more;
    }
    for (let j = 0; j < n; j++) {
      known[this.now[j]!] = 0;
    }
  }
}
