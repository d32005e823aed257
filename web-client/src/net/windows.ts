/* Tells the server how large each picture of a session is shown, some time after it changed, and that
 * nobody looks while the page is hidden. */
import { SMALLEST, type Size } from "../core/windows";
import { control } from "./playback";

const TELL_AFTER = 400;

export class Windows {
  private readonly sizes = new Map<number, Size>();
  private readonly told = new Map<number, string>();
  private location: string | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly token: string | null,
    private readonly signal: AbortSignal,
  ) {
    document.addEventListener("visibilitychange", () => this.soon(), { signal });
    signal.addEventListener("abort", () => clearTimeout(this.timer), { once: true });
  }

  /* A new session knows nothing of the one before. */
  moved(location: string): void {
    this.location = location;
    this.told.clear();
    this.soon();
  }

  shown(slot: number, size: Size): void {
    this.sizes.set(slot, size);
    this.soon();
  }

  private soon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.tell();
    }, TELL_AFTER);
  }

  private tell(): void {
    const { location } = this;
    if (location === null || this.signal.aborted) {
      return;
    }
    for (const [slot, size] of this.sizes) {
      const { width, height } = document.hidden ? SMALLEST : size;
      const words = `${width}x${height}`;
      if (this.told.get(slot) !== words) {
        this.told.set(slot, words);
        control(location, { action: "layer", slot, max_width: width, max_height: height }, this.signal, this.token).catch(() => {
          /* told again when it changes; a session that is gone is replaced by its owner */
          this.told.delete(slot);
        });
      }
    }
  }
}
