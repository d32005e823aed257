/* A photo of the scene, for its taker alone: it is shared by their own device or saved there. */
import { t } from "../core/strings";

export interface Photo {
  readonly width: number;
  readonly height: number;
  /* The camera's picture, as it fills the screen. */
  readonly behind: HTMLVideoElement | null;
  readonly mirrored: boolean;
  /* What is behind where there is no camera: a CSS gradient from above. */
  readonly ground: string;
  /* Draws the scene and gives its canvas. */
  readonly draw: () => HTMLCanvasElement | null;
}

function cover(paint: CanvasRenderingContext2D, video: HTMLVideoElement, width: number, height: number, mirrored: boolean): void {
  const scale = Math.max(width / video.videoWidth, height / video.videoHeight);
  const [w, h] = [video.videoWidth * scale, video.videoHeight * scale];
  paint.save();
  if (mirrored) {
    paint.setTransform(-1, 0, 0, 1, width, 0);
  }
  paint.drawImage(video, (width - w) / 2, (height - h) / 2, w, h);
  paint.restore();
}

function ground(paint: CanvasRenderingContext2D, css: string, width: number, height: number): void {
  const stops = css.match(/rgba?\([^)]*\)(\s+[\d.]+%)?/g) ?? [];
  const fill = paint.createLinearGradient(0, 0, 0, height);
  stops.forEach((stop, i) => {
    const place = /([\d.]+)%$/.exec(stop)?.[1];
    fill.addColorStop(place === undefined ? i / Math.max(1, stops.length - 1) : Number(place) / 100, stop.replace(/\s+[\d.]+%$/, ""));
  });
  paint.fillStyle = stops.length > 0 ? fill : "#aeb1b7";
  paint.fillRect(0, 0, width, height);
}

export async function takePhoto({ width, height, behind, mirrored, ground: css, draw }: Photo): Promise<Blob | null> {
  const scene = draw();
  const ratio = scene === null ? 1 : Math.max(1, scene.width / width);
  const paint = document.createElement("canvas").getContext("2d");
  if (paint === null || scene === null) {
    return null;
  }
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  paint.canvas.width = w;
  paint.canvas.height = h;
  if (behind !== null && behind.videoWidth > 0) {
    cover(paint, behind, w, h, mirrored);
  } else {
    ground(paint, css, w, h);
  }
  paint.drawImage(scene, 0, 0, w, h);
  return new Promise((resolve) => paint.canvas.toBlob(resolve, "image/jpeg", 0.92));
}

/* False: there is none, or its taker thought better of it. */
export async function savePhoto(photo: Photo): Promise<boolean> {
  const blob = await takePhoto(photo);
  if (blob === null) {
    return false;
  }
  const file = new File([blob], `${t("inroom.photo_file")}.jpg`, { type: "image/jpeg" });
  const shares = matchMedia("(pointer: coarse)").matches && navigator.canShare?.({ files: [file] }) === true;
  if (shares) {
    return navigator.share({ files: [file] }).then(
      () => true,
      (error: unknown) => !(error instanceof DOMException && error.name === "AbortError") && download(file),
    );
  }
  return download(file);
}

function download(file: File): boolean {
  const url = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = url;
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
  return true;
}
