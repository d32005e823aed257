/* Asks for the replay of one visit until it is there. Used by a guest's last page and by the console. */
import { failureWords } from "./core/making";
import { Problem } from "./core/problem";
import { replayAfter, type ReplayState } from "./core/replay-watch";
import { replayOf } from "./net/api";

export interface ReplayWatchOptions {
  readonly visit: string;
  /* An invite; null: staff, known by their cookie. */
  readonly token: string | null;
  readonly signal: AbortSignal;
  readonly onchange: () => void;
}

export class ReplayWatch {
  state: ReplayState = { name: "asking" };
  private began = performance.now();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: ReplayWatchOptions) {
    options.signal.addEventListener("abort", () => clearTimeout(this.timer), { once: true });
    globalThis.addEventListener("online", () => this.again(), { signal: options.signal });
    void this.ask();
  }

  /* Something has changed that makes the server's last answer old. */
  again(): void {
    this.began = performance.now();
    void this.ask();
  }

  private async ask(): Promise<void> {
    clearTimeout(this.timer);
    const { visit, token, signal, onchange } = this.options;
    let answer;
    try {
      answer = await replayOf(visit, token, signal);
    } catch (error) {
      answer = error instanceof Problem && error.final ? null : undefined;
    }
    if (signal.aborted) {
      return;
    }
    const { state, wait } = replayAfter(answer, performance.now() - this.began, failureWords);
    this.state = state;
    clearTimeout(this.timer);
    if (wait !== null) {
      this.timer = setTimeout(() => void this.ask(), wait);
    }
    onchange();
  }
}
