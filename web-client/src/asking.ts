/* Asks the server again and again while somebody looks: a hidden page asks nothing, and a page that is
 * shown again, or online again, asks at once. */
export interface AskingOptions {
  /* Resolves with the ms until the next time; null: not again. */
  readonly ask: () => Promise<number | null>;
  readonly signal: AbortSignal;
}

export class Asking {
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: AskingOptions) {
    const { signal } = options;
    signal.addEventListener("abort", () => clearTimeout(this.timer), { once: true });
    const seen = (): void => {
      if (document.visibilityState === "visible") {
        void this.now();
      }
    };
    globalThis.addEventListener("online", seen, { signal });
    document.addEventListener("visibilitychange", seen, { signal });
  }

  async now(): Promise<void> {
    clearTimeout(this.timer);
    const wait = await this.options.ask();
    clearTimeout(this.timer);
    if (wait !== null && !this.options.signal.aborted) {
      this.timer = setTimeout(() => {
        if (document.visibilityState === "visible") {
          void this.now();
        }
      }, wait);
    }
  }
}
