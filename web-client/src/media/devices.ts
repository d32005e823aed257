/* Cameras, microphones and screens, and what stands in their way, as a word the catalogue knows. */

export type DeviceTrouble = "denied" | "missing" | "busy" | "unsupported" | "insecure" | "dismissed" | "failed";

export class DeviceError extends Error {
  constructor(readonly trouble: DeviceTrouble) {
    super(trouble);
    this.name = "DeviceError";
  }
}

export interface Device {
  readonly id: string;
  readonly label: string;
}

export interface Devices {
  readonly cameras: readonly Device[];
  readonly microphones: readonly Device[];
}

function troubleOf(error: unknown, screen: boolean): DeviceTrouble {
  const name = error instanceof DOMException ? error.name : "";
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      return screen ? "dismissed" : "denied";
    case "NotFoundError":
    case "OverconstrainedError":
      return "missing";
    case "NotReadableError":
    case "AbortError":
      return "busy";
    default:
      return "failed";
  }
}

export function canCapture(): boolean {
  return typeof navigator.mediaDevices?.getUserMedia === "function";
}

export function canShareScreen(): boolean {
  return typeof navigator.mediaDevices?.getDisplayMedia === "function";
}

async function open(constraints: MediaStreamConstraints): Promise<MediaStreamTrack> {
  if (!canCapture()) {
    throw new DeviceError(globalThis.isSecureContext ? "unsupported" : "insecure");
  }
  try {
    const stream = await navigator.mediaDevices.getUserMedia(constraints);
    const track = stream.getTracks()[0];
    if (track === undefined) {
      throw new DeviceError("missing");
    }
    return track;
  } catch (error) {
    throw error instanceof DeviceError ? error : new DeviceError(troubleOf(error, false));
  }
}

export async function openCamera(id: string | null): Promise<MediaStreamTrack> {
  const track = await open({
    video: {
      ...(id === null ? { facingMode: "user" } : { deviceId: { exact: id } }),
      width: { ideal: 1280 },
      height: { ideal: 720 },
      frameRate: { ideal: 30 },
    },
  });
  track.contentHint = "motion";
  return track;
}

/* The room, or the viewer before the screen; it is looked at on this device only. */
export function openRoomCamera(facing: "environment" | "user"): Promise<MediaStreamTrack> {
  return open({ video: { facingMode: { ideal: facing }, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } } });
}

export function openMicrophone(id: string | null): Promise<MediaStreamTrack> {
  return open({
    audio: {
      ...(id === null ? {} : { deviceId: { exact: id } }),
      echoCancellation: true,
      noiseSuppression: true,
      autoGainControl: true,
    },
  });
}

export interface Screen {
  readonly video: MediaStreamTrack;
  readonly audio: MediaStreamTrack | null;
}

export async function openScreen(): Promise<Screen> {
  if (!canShareScreen()) {
    throw new DeviceError(globalThis.isSecureContext ? "unsupported" : "insecure");
  }
  try {
    const stream = await navigator.mediaDevices.getDisplayMedia({
      video: { frameRate: { ideal: 15, max: 30 }, width: { max: 1920 }, height: { max: 1080 } },
      audio: true,
    });
    const video = stream.getVideoTracks()[0];
    if (video === undefined) {
      throw new DeviceError("missing");
    }
    video.contentHint = "detail";
    return { video, audio: stream.getAudioTracks()[0] ?? null };
  } catch (error) {
    throw error instanceof DeviceError ? error : new DeviceError(troubleOf(error, true));
  }
}

/* Labels are empty until a permission was given. */
export async function listDevices(): Promise<Devices> {
  if (typeof navigator.mediaDevices?.enumerateDevices !== "function") {
    return { cameras: [], microphones: [] };
  }
  const all = await navigator.mediaDevices.enumerateDevices();
  const of = (kind: MediaDeviceKind): Device[] =>
    all
      .filter((d) => d.kind === kind && d.deviceId !== "")
      .map((d) => ({ id: d.deviceId, label: d.label }));
  return { cameras: of("videoinput"), microphones: of("audioinput") };
}

export function watchDevices(signal: AbortSignal, onchange: (devices: Devices) => void): void {
  if (!canCapture()) {
    return;
  }
  const tell = (): void => void listDevices().then((devices) => {
    if (!signal.aborted) {
      onchange(devices);
    }
  });
  navigator.mediaDevices.addEventListener("devicechange", tell, { signal });
  tell();
}
