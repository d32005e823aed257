/* The room behind a camera's picture without WebXR: the device's sensors tell which way it looks, its height
 * over the floor is assumed or measured by a sheet of paper. It cannot be told when somebody walks. */
import { language } from "../../core/strings";
import { rotationOf } from "../geometry/orientation";
import { floorPoint, lensBehindScreen, rayThrough, type Lens, type Pixel, type Pose } from "../geometry/pinhole";
import { lightFromPicture, type Light } from "../geometry/light";
import { levelled, poseFromSheet } from "../geometry/sheet";
import { aboutX, aboutY, DEGREE, product, transpose, turn, type Mat3, type Vec3 } from "../geometry/vector";

/* Of the longer side; what phones' main cameras and webcams mostly have (65° and 67°). */
const FOCAL = { rear: 0.785, front: 0.755 } as const;
/* A phone before the chest; a webcam on a desk, looking across the room. */
const HEIGHT = { rear: 1.4, front: 1.15 } as const;
const PITCH = { rear: -18 * DEGREE, front: -9 * DEGREE } as const;

export interface CameraSight {
  readonly pose: Pose;
  readonly lens: Lens;
}

const yawOf = (rotation: Mat3): number => {
  const [x, , z] = turn(rotation, [0, 0, -1]);
  return Math.atan2(-x, -z);
};

export class CameraWay {
  /* Whether sensors tell which way it looks. */
  sensing = false;
  measured = false;
  private height: number;
  private rotation: Mat3;
  /* What brings the sensors' rotation to ours: their north, and what a sheet corrected. */
  private correction: Mat3 | null = null;
  private raw: Mat3 | null = null;
  private held = false;

  constructor(
    readonly kind: "rear" | "front",
    readonly video: HTMLVideoElement,
    signal: AbortSignal,
    private readonly onchange: () => void,
  ) {
    this.height = HEIGHT[kind];
    this.rotation = aboutX(PITCH[kind]);
    if (kind === "rear") {
      globalThis.addEventListener("deviceorientation", (event) => this.turned(event), { signal });
    }
  }

  private turned({ alpha, beta, gamma }: DeviceOrientationEvent): void {
    if (beta === null || gamma === null) {
      return; /* a computer that has the event but no sensors */
    }
    this.raw = rotationOf(alpha ?? 0, beta, gamma, globalThis.screen.orientation?.angle ?? 0);
    this.correction ??= aboutY(-yawOf(this.raw));
    if (!this.held) {
      this.rotation = product(this.correction, this.raw);
    }
    if (!this.sensing) {
      this.sensing = true;
      this.onchange();
    }
  }

  /* In the person's language, for words. */
  get assumed(): string {
    return new Intl.NumberFormat(language(), { maximumFractionDigits: 1 }).format(this.height);
  }

  sight(screen: { width: number; height: number }): CameraSight {
    const picture = { width: this.video.videoWidth || 1280, height: this.video.videoHeight || 720 };
    return {
      pose: { position: [0, this.height, 0], rotation: this.rotation },
      lens: lensBehindScreen(FOCAL[this.kind], picture, screen),
    };
  }

  /* A place on the floor that the picture shows, not too far: three quarters down, or ahead where that is no
   * floor. */
  ahead(screen: { width: number; height: number }): Vec3 {
    const { pose, lens } = this.sight(screen);
    const found = floorPoint(rayThrough(pose, lens, { x: screen.width / 2, y: screen.height * 0.74 }));
    const [x, , z] = turn(this.rotation, [0, 0, -1]);
    const flat = Math.hypot(x, z) || 1;
    const far = found === null ? 3 : Math.min(3.6, Math.max(1.8, Math.hypot(found[0], found[2])));
    return [(x / flat) * far, 0, (z / flat) * far];
  }

  /* While the corners of a sheet are shown, nothing may move. */
  hold(on: boolean): void {
    this.held = on;
    if (on) {
      this.video.pause();
    } else {
      void this.video.play().catch(() => undefined);
    }
  }

  /* The corners of an A4 sheet in pixels of the screen. Null: they are none; else where the sheet lies. */
  measure(corners: readonly Pixel[], screen: { width: number; height: number }): Vec3 | null {
    const { lens } = this.sight(screen);
    const found = poseFromSheet(corners, lens);
    if (found === null) {
      return null;
    }
    const level = levelled(found);
    const yaw = yawOf(this.rotation);
    const rotation = product(aboutY(yaw), level.rotation);
    if (this.raw !== null) {
      this.correction = product(rotation, transpose(this.raw));
    }
    this.height = level.position[1];
    this.rotation = rotation;
    this.measured = true;
    const middle = { x: corners.reduce((sum, c) => sum + c.x, 0) / 4, y: corners.reduce((sum, c) => sum + c.y, 0) / 4 };
    return floorPoint(rayThrough({ position: [0, this.height, 0], rotation }, lens, middle)) ?? [0, 0, -this.height];
  }

  /* The light of the room by what the camera sees; null while it sees nothing. */
  light(paint: CanvasRenderingContext2D): Light | null {
    if (this.video.videoWidth === 0) {
      return null;
    }
    const [width, height] = [16, 12];
    paint.canvas.width = width;
    paint.canvas.height = height;
    if (this.kind === "front") {
      paint.setTransform(-1, 0, 0, 1, width, 0); /* it is shown as a mirror */
    }
    paint.drawImage(this.video, 0, 0, width, height);
    const found = lightFromPicture(paint.getImageData(0, 0, width, height).data, width, height);
    const [x, y, z] = turn(aboutY(yawOf(this.rotation)), found.direction);
    return { direction: [x, y, z], level: found.level };
  }
}
