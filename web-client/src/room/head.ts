/* Follows the viewer's head by their camera, so that the screen becomes a window. The picture is looked at
 * here, kept nowhere and sent to nobody. */
import { everyFrame } from "../matte/view";
import { followed, headIn, type HeadAt } from "./geometry/head";

const [W, H] = [64, 48];
const SHARE = 0.22;

export class HeadWatch {
  at: HeadAt = { x: 0, y: 0 };
  private readonly life = new AbortController();

  /* `ontrouble`: a word of media/devices.ts; then it has stopped. */
  constructor(open: (facing: "user") => Promise<MediaStreamTrack>, ontrouble: (trouble: string) => void) {
    open("user").then(
      (track) => this.follow(track, ontrouble),
      (error: { trouble?: string }) => {
        if (!this.life.signal.aborted) {
          ontrouble(error.trouble ?? "failed");
        }
      },
    );
  }

  private follow(track: MediaStreamTrack, ontrouble: (trouble: string) => void): void {
    const { signal } = this.life;
    if (signal.aborted) {
      track.stop();
      return;
    }
    signal.addEventListener("abort", () => track.stop(), { once: true });
    track.addEventListener("ended", () => ontrouble("missing"), { signal });
    const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const video = document.createElement("video");
    video.muted = true;
    video.playsInline = true;
    video.srcObject = new MediaStream([track]);
    void video.play().catch(() => undefined);
    everyFrame(video, signal, () => {
      if (paint !== null && video.videoWidth > 0) {
        paint.canvas.width = W;
        paint.canvas.height = H;
        paint.drawImage(video, 0, 0, W, H);
        this.at = followed(this.at, headIn(paint.getImageData(0, 0, W, H).data, W, H), SHARE);
      }
    });
  }

  stop(): void {
    this.life.abort();
  }
}
