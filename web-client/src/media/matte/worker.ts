/* The worker that cuts a person out of a camera's pictures. It goes on when its page is hidden. */
import type { FromWorker, ToWorker } from "./messages";
import type { Yuv } from "./picture";
import { CuttingRoom, toRgba } from "./cutting-room";

/* No picture for so long: the camera has stopped. */
const STILL = 1_000;

const scope = self as unknown as {
  postMessage(message: FromWorker, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  close(): void;
};
const room = new CuttingRoom((message) => scope.postMessage(message, []));

/* Limited range and BT.601 said with every picture, so that nobody has to guess. */
function frameOf(picture: Yuv, timestamp: number): VideoFrame {
  return new VideoFrame(picture.bytes, {
    format: "I420",
    codedWidth: picture.width,
    codedHeight: picture.height,
    timestamp,
    colorSpace: { primaries: "smpte170m", transfer: "smpte170m", matrix: "smpte170m", fullRange: false },
  });
}

async function run(readable: ReadableStream<VideoFrame>, writable: WritableStream<VideoFrame>): Promise<void> {
  const reader = readable.getReader();
  const writer = writable.getWriter();
  let last = 0;
  let lastTime = 0;
  /* Told by a picture with nobody on it, once a second while it lasts. */
  const watch = setInterval(() => {
    const now = performance.now();
    if (last !== 0 && now - last > STILL && room.stacked !== null) {
      room.still(now);
      lastTime += STILL * 1000;
      void writer.write(frameOf(room.stacked, lastTime)).catch(() => undefined);
    }
  }, STILL);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || value === undefined) {
        break;
      }
      const now = performance.now();
      last = now;
      if (!room.tempo.take(now)) {
        value.close();
        continue;
      }
      let out: VideoFrame;
      try {
        out = frameOf((await room.shoot(value, now)).stacked, value.timestamp);
        lastTime = value.timestamp;
      } finally {
        value.close();
      }
      await writer.write(out);
    }
  } catch {
    /* the page has closed the way out */
  }
  clearInterval(watch);
  room.close();
  await writer.close().catch(() => undefined);
  scope.postMessage({ type: "ended" }, []);
}

async function answer(image: ImageBitmap): Promise<void> {
  const now = performance.now();
  if (room.tempo.take(now)) {
    const { stacked } = await room.shoot(image, now);
    const rgba = toRgba(stacked);
    scope.postMessage({ type: "stacked", rgba: rgba.buffer, width: stacked.width, height: stacked.height }, [rgba.buffer]);
  }
  image.close();
}

scope.onmessage = ({ data }) => {
  switch (data.type) {
    case "streams":
      void run(data.readable, data.writable);
      break;
    case "picture":
      void answer(data.image);
      break;
    case "method":
      room.setMethod(data.method);
      break;
    case "plate":
      room.takePlate();
      break;
    case "close":
      room.close();
      scope.close();
      break;
  }
};
