// Stacked pictures whose matte is known: a person in one colour, colour above and matte below, as the
// pipelines and the reps' browsers make them. Runs in Node and, as its text, in pages.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export const PERSON = [205, 150, 125];

// The layout of pipelines/key/key_layout.c.
export function layoutOf(width, height) {
  const guard = Math.max(16, Math.floor(((height * 32) / 640 + 8) / 16) * 16);
  const patch = Math.floor(width / 8) * 2;
  const whole = 2 * height + guard;
  const part = (x, y, w, h) => ({ x: x / width, y: y / whole, w: w / width, h: h / whole });
  return {
    width, height: whole,
    colour: part(0, 0, width, height), guard: part(0, height, width, guard), matte: part(0, height + guard, width, height),
    patches: { black: part(patch / 2, height + guard / 4, patch, guard / 2), white: part(width - patch * 1.5, height + guard / 4, patch, guard / 2) },
  };
}

// The share of the person at a place, 0…1 of width and height: head, body and feet; `edge` in the same unit.
export function shareAt(u, v, edge = 0.012) {
  const head = 1 - Math.hypot((u - 0.5) / 0.13, (v - 0.17) / 0.13);
  const body = 1 - Math.max(Math.abs(u - 0.5) / 0.2, Math.abs(v - 0.65) / 0.35);
  return Math.min(1, Math.max(0, (Math.max(head * 0.13, body * 0.2) / edge) + 0.5));
}

// One I420 frame in limited range: BT.601, the colour spread outward as far as anybody may look.
export function stackedFrame(width, height, limited = true) {
  const layout = layoutOf(width, height);
  const whole = layout.height;
  const [black, span] = limited ? [16, 219] : [0, 255];
  const chroma = limited ? 224 / 255 : 1;
  const [r, g, b] = PERSON;
  const light = (0.299 * r + 0.587 * g + 0.114 * b) / 255;
  const luma = Buffer.alloc(width * whole, black);
  const u = Buffer.alloc((width * whole) / 4, 128);
  const v = Buffer.alloc((width * whole) / 4, 128);
  const matteRow = whole - height;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const share = shareAt((x + 0.5) / width, (y + 0.5) / height);
      luma[(matteRow + y) * width + x] = Math.round(black + span * share);
      if (shareAt((x + 0.5) / width, (y + 0.5) / height, 0.06) > 0.1) {
        luma[y * width + x] = Math.round(black + span * light);
        const i = (y >> 1) * (width >> 1) + (x >> 1);
        u[i] = Math.round(128 + chroma * 0.564 * (b - 255 * light));
        v[i] = Math.round(128 + chroma * 0.713 * (r - 255 * light));
      }
    }
  }
  const patch = layout.patches.white;
  for (let y = Math.round(patch.y * whole); y < Math.round((patch.y + patch.h) * whole); y++) {
    luma.fill(black + span, y * width + Math.round(patch.x * width), y * width + Math.round((patch.x + patch.w) * width));
  }
  return Buffer.concat([luma, u, v]);
}

// A short film of that frame. `data` is the range the samples have, `told` the range the file says.
export async function writeStacked(file, { width, height, data = 'tv', told = data, scale = null, codec = 'libx264', frames = 25 }) {
  const layout = layoutOf(width, height);
  const child = spawn('ffmpeg', ['-v', 'error', '-y', '-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${width}x${layout.height}`, '-r', '25', '-i', '-',
    ...(scale === null ? [] : ['-vf', `scale=${scale[0]}:${scale[1]}:flags=bilinear`]),
    '-color_range', told, '-colorspace', 'smpte170m', '-color_primaries', 'smpte170m', '-color_trc', 'smpte170m',
    '-c:v', codec, '-b:v', '500k', ...(codec === 'libx264' ? ['-preset', 'veryfast', '-pix_fmt', 'yuv420p'] : ['-deadline', 'realtime', '-cpu-used', '6']), file],
  { stdio: ['pipe', 'inherit', 'inherit'] });
  const picture = stackedFrame(width, height, data === 'tv');
  for (let n = 0; n < frames; n++) {
    if (!child.stdin.write(picture)) await once(child.stdin, 'drain');
  }
  child.stdin.end();
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`ffmpeg ended with ${code}`);
  return layout;
}
