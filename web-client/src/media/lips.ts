/* Keeps a picture with its sound. Browsers hold the sound back for longer than the picture and need many
 * seconds to notice, or never do on a busy machine; both streams tell how far they are on the sender's
 * clock, and the one that is ahead is delayed. */

export interface Look {
  /* Position of sound minus position of picture on the sender's clock, in ms. */
  readonly skew: number;
  /* Packets or frames that came so far; a stream that stands still tells nothing. */
  readonly progress: readonly [audio: number, video: number];
}

/* What the picture usually is ahead at the start: it is held back for so long, in ms. */
const FIRST_LEAD = 100;
/* The streams' clocks are estimates that a busy machine blurs: they may move the picture slowly and not
 * far, so that a seek stays quick whatever they say. */
const LONGEST_LEAD = 180;
const LOOKS = 3;
const GAIN = 0.8;
/* Below what people notice, and above what the measure wobbles. */
const TOLERANCE = 15;

export class Lips {
  /* Above zero: ms by which the picture is held back; below: by which the sound is. */
  private lead = FIRST_LEAD;
  private looks: number[] = [];
  private before: readonly [number, number] | null = null;

  get delays(): { readonly audio: number; readonly video: number } {
    return { audio: Math.max(0, -this.lead), video: Math.max(0, this.lead) };
  }

  /* True: the delays have changed. */
  take(look: Look): boolean {
    const { before } = this;
    this.before = look.progress;
    if (before === null || look.progress[0] <= before[0] || look.progress[1] <= before[1]) {
      this.looks = [];
      return false;
    }
    this.looks.push(look.skew);
    if (this.looks.length < LOOKS) {
      return false;
    }
    const skew = this.looks.sort((a, b) => a - b)[LOOKS >> 1] ?? 0;
    this.looks = [];
    if (Math.abs(skew) < TOLERANCE) {
      return false;
    }
    this.lead = Math.max(-LONGEST_LEAD, Math.min(LONGEST_LEAD, this.lead - GAIN * skew));
    return true;
  }
}
