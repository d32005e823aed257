/* A guest's word about the recording, as it reaches the server: a no at once; a yes that follows a no
 * waits, because the server takes it only after two seconds (protocol.md, `too-fast`). The last word counts. */
const AFTER_NO = 2_500;

export class RecordingWord {
  private saidNo = -Infinity;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly send: (recording: boolean) => void,
    private readonly now: () => number,
    signal: AbortSignal,
  ) {
    signal.addEventListener("abort", () => clearTimeout(this.timer), { once: true });
  }

  say(recording: boolean): void {
    clearTimeout(this.timer);
    const wait = recording ? this.saidNo + AFTER_NO - this.now() : 0;
    if (!recording) {
      this.saidNo = this.now();
    }
    if (wait <= 0) {
      this.send(recording);
    } else {
      this.timer = setTimeout(() => this.send(recording), wait);
    }
  }
}
