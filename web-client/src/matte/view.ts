/* Keeps a canvas beside a playing video with the person of its stacked picture, frame by frame; the stacked
 * picture itself is not shown. Nothing is drawn before the first frame, nor after the video lost its source. */
import type { MatteLayout } from "../core/matte-layout";
import { createPainter, type MattePainter } from "./painter";

/* Calls back with every new frame of a video until `signal` ends, also where the browser does not tell. */
export function everyFrame(video: HTMLVideoElement, signal: AbortSignal, onframe: () => void): void {
  if (typeof video.requestVideoFrameCallback === "function") {
    const next = (): void => {
      if (!signal.aborted) {
        onframe();
        video.requestVideoFrameCallback(next);
      }
    };
    video.requestVideoFrameCallback(next);
    return;
  }
  let shown = -1;
  const look = (): void => {
    if (!signal.aborted) {
      if (video.currentTime !== shown && video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) {
        shown = video.currentTime;
        onframe();
      }
      requestAnimationFrame(look);
    }
  };
  look();
}

export interface MatteViewOptions {
  readonly video: HTMLVideoElement;
  /* Where the canvas goes; a lost context brings another canvas. */
  readonly host: Element | DocumentFragment;
  readonly layout: MatteLayout;
  readonly signal: AbortSignal;
  /* The first frame of a source has been drawn. */
  readonly onpicture?: () => void;
}

export function showMatte({ video, host, layout, signal, onpicture }: MatteViewOptions): void {
  let painter: MattePainter | null = null;
  let drawn = false;
  const take = (flat: boolean): void => {
    painter?.canvas.remove();
    painter?.close();
    painter = createPainter(flat);
    if (painter !== null) {
      painter.canvas.setAttribute("aria-hidden", "true");
      host.append(painter.canvas);
    }
  };
  const draw = (): void => {
    const size = { width: video.videoWidth, height: video.videoHeight };
    if (painter === null || size.width === 0 || size.height === 0) {
      return;
    }
    if (!painter.paint(video, size, layout)) {
      take(true);
      painter?.paint(video, size, layout);
    }
    if (!drawn) {
      drawn = true;
      onpicture?.();
    }
  };
  take(false);
  everyFrame(video, signal, draw);
  if (video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) {
    draw(); /* a paused film tells no frame */
  }
  video.addEventListener(
    "emptied",
    () => {
      drawn = false;
      painter?.clear();
    },
    { signal },
  );
  signal.addEventListener(
    "abort",
    () => {
      painter?.canvas.remove();
      painter?.close();
    },
    { once: true },
  );
}
