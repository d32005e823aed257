/* One camera's pictures into stacked ones: matte, who is there, colour. Pure but for the matte it is given. */
import type { MatteLayout } from "../../core/matte-layout";
import { Foreground } from "./foreground";
import type { Matte } from "./matte";
import { Crowd } from "./people";
import type { Yuv } from "./picture";
import { quiet, makeStacked, writeMatte, writeNobody } from "./stack";

/* What is seen. "dark": the camera shows black. "no-wall", "no-plate": the method lacks something. "others": more than
 * one person, of whom the main one is shown. */
export type Sight = "one" | "others" | "nobody" | "dark" | "no-wall" | "no-plate";

export interface Cut {
  readonly sight: Sight;
  /* Of the person, in shares of the height; null when there is nobody. */
  readonly top: number | null;
  readonly bottom: number | null;
}

/* Mean luma, and the highest of all but a few pixels. */
const DARK_MEAN = 24;
const DARK_PEAK = 48;

/* A camera that is covered, or shut off by its own switch. */
export function isDark(frame: Yuv): boolean {
  let sum = 0;
  let bright = 0;
  let count = 0;
  for (let i = 0; i < frame.y.length; i += 61) {
    const l = frame.y[i]!;
    sum += l;
    bright += l > DARK_PEAK ? 1 : 0;
    count++;
  }
  return sum / count < DARK_MEAN && bright / count < 0.005;
}

export class Cutter {
  readonly stacked: Yuv;
  readonly layout: MatteLayout;
  readonly share: Float32Array;
  private readonly foreground: Foreground;
  private readonly crowd: Crowd;

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    const { picture, layout } = makeStacked(width, height);
    this.stacked = picture;
    this.layout = layout;
    this.share = new Float32Array(width * height);
    this.foreground = new Foreground(width, height);
    this.crowd = new Crowd(width, height);
  }

  /* Fills `stacked`. */
  cut(frame: Yuv, image: CanvasImageSource | null, matte: Matte): Cut {
    if (isDark(frame)) {
      return this.nobody("dark");
    }
    const told = matte.look(frame, image, this.share);
    if (told !== "ok") {
      return this.nobody(told);
    }
    quiet(this.share);
    const people = this.crowd.keepMain(this.share);
    if (people.count === 0) {
      return this.nobody("nobody");
    }
    this.foreground.write(frame, this.share, matte.room, this.stacked);
    writeMatte(this.share, this.stacked, this.height);
    return { sight: people.count > 1 ? "others" : "one", top: people.top, bottom: people.bottom };
  }

  nobody(sight: Sight): Cut {
    this.share.fill(0);
    this.crowd.forget();
    writeNobody(this.stacked, this.height);
    return { sight, top: null, bottom: null };
  }
}
