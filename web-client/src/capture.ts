/* A person's own camera and microphone on a page: opened when wanted, shown privately first, then
 * published as one source. Shared by the console and the customer's page. */
import { DeviceError, openCamera, openMicrophone, type DeviceTrouble } from "./media/devices";
import { watchLevel } from "./media/level";

export type CaptureKind = "camera" | "microphone";

export interface Captured {
  readonly track: MediaStreamTrack;
  readonly stream: MediaStream;
  readonly device: string;
}

export class Capture {
  camera: Captured | null = null;
  microphone: Captured | null = null;
  level = 0;
  private metering: AbortController | null = null;

  /* `onlost`: the device was unplugged or taken away. */
  constructor(
    private readonly onchange: () => void,
    private readonly onlost: (kind: CaptureKind) => void,
  ) {}

  /* Opens a device in place of the one that was open. "" on success, or the word for what is wrong. */
  async open(kind: CaptureKind, device: string | null): Promise<DeviceTrouble | ""> {
    let track: MediaStreamTrack;
    try {
      track = await (kind === "camera" ? openCamera(device) : openMicrophone(device));
    } catch (error) {
      return error instanceof DeviceError ? error.trouble : "failed";
    }
    this.stop(kind);
    const captured = { track, stream: new MediaStream([track]), device: track.getSettings().deviceId ?? "" };
    this[kind] = captured;
    track.addEventListener("ended", () => {
      if (this[kind] === captured) {
        this.stop(kind);
        this.onlost(kind);
      }
    });
    if (kind === "microphone") {
      this.metering = new AbortController();
      watchLevel(track, this.metering.signal, (level) => {
        if (Math.abs(level - this.level) > 0.02) {
          this.level = level;
          this.onchange();
        }
      });
    }
    this.onchange();
    return "";
  }

  stop(kind: CaptureKind): void {
    this[kind]?.track.stop();
    this[kind] = null;
    if (kind === "microphone") {
      this.metering?.abort();
      this.metering = null;
      this.level = 0;
    }
    this.onchange();
  }

  close(): void {
    this.stop("camera");
    this.stop("microphone");
  }
}
