// A film of a person before an uneven green wall whose matte is known, and what a stacked picture says of it.
import { spawn } from 'node:child_process';

export const WIDTH = 320, HEIGHT = 360, FPS = 25;

const clamp = (v) => Math.min(1, Math.max(0, v));

/** Numbers about normal, the same each time. */
function noiseOf(seed) {
  let s = seed >>> 0;
  const next = () => { s = (Math.imul(s, 1664525) + 1013904223) >>> 0; return s / 2 ** 32; };
  const table = Float32Array.from({ length: 1 << 16 }, () => Array.from({ length: 6 }, next).reduce((a, b) => a + b) - 3);
  return () => 1.41 * table[(next() * table.length) | 0];
}

/** A head with wisps of hair, and shoulders; their edge is 4 pixels wide. `x` moves them. */
export function truth(shift) {
  const a = new Float32Array(WIDTH * HEIGHT);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const dx = x - WIDTH / 2 - shift;
      const wisps = y < 100 ? 3 * Math.sin(Math.atan2(y - 110, dx) * 40) : 0; // hair
      const head = (1 - Math.hypot(dx / 52, (y - 110) / 66)) * 55 + wisps;
      const body = (1 - Math.hypot(dx / 110, (y - 380) / 210)) * 120;
      a[y * WIDTH + x] = clamp(Math.max(head, body) / 4 + 0.5);
    }
  }
  return a;
}

export const COLOURS = { hair: [60, 45, 40], skin: [205, 160, 135], shirt: [50, 60, 120] };

/** RGB of a frame, and noise on it. */
export function paint(alpha, wall, noise) {
  const rgb = Buffer.alloc(WIDTH * HEIGHT * 3);
  for (let y = 0; y < HEIGHT; y++) {
    const colour = y < 75 ? COLOURS.hair : y < 185 ? COLOURS.skin : COLOURS.shirt;
    for (let x = 0; x < WIDTH; x++) {
      const i = y * WIDTH + x, light = 0.65 + 0.4 * x / WIDTH + 0.1 * y / HEIGHT, n = 4 * noise();
      for (let c = 0; c < 3; c++) {
        rgb[3 * i + c] = clamp((alpha[i] * colour[c] + (1 - alpha[i]) * wall[c] * light + n + 2 * noise()) / 255) * 255 + 0.5;
      }
    }
  }
  return rgb;
}

export const shiftAt = (n) => 12 * Math.sin(n / 8);

/** Writes a film; `alphaOf(n)` is the person in frame n. */
export async function film(file, { seconds = 2, wall = [45, 190, 60], alphaOf = (n) => truth(shiftAt(n)), more = [] } = {}) {
  const ffmpeg = spawn('ffmpeg', ['-v', 'error', '-y', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${WIDTH}x${HEIGHT}`, '-r', String(FPS), '-i', '-',
    '-f', 'lavfi', '-i', `sine=440:sample_rate=48000:duration=${seconds}`,
    '-vf', 'scale=out_color_matrix=bt601:out_range=tv:flags=accurate_rnd+full_chroma_inp+full_chroma_int+bilinear:out_h_chr_pos=0:out_v_chr_pos=128,format=yuv420p', '-colorspace', 'smpte170m',
    '-color_primaries', 'smpte170m', '-color_trc', 'smpte170m', '-color_range', 'tv',
    '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '10', '-c:a', 'aac', ...more, file], { stdio: ['pipe', 'inherit', 'inherit'] });
  const noise = noiseOf(7);
  for (let n = 0; n < seconds * FPS; n++) {
    if (!ffmpeg.stdin.write(paint(alphaOf(n), wall, noise))) {
      await new Promise((done) => ffmpeg.stdin.once('drain', done));
    }
  }
  ffmpeg.stdin.end();
  const code = await new Promise((done) => ffmpeg.on('close', done));
  if (code !== 0) throw new Error(`ffmpeg ended with ${code}`);
}

/** Takes a stacked I420 frame apart: the matte 0…1 by the patches, and the colour half. */
export function unstack(frame, width, height, layout) {
  const at = (r) => ({ x: Math.round(r.x * width), y: Math.round(r.y * height), w: Math.round(r.w * width), h: Math.round(r.h * height) });
  const mean = (r) => {
    let sum = 0, n = 0;
    for (let y = r.y + (r.h >> 2); y < r.y + r.h - (r.h >> 2); y++) {
      for (let x = r.x + (r.w >> 2); x < r.x + r.w - (r.w >> 2); x++, n++) sum += frame[y * width + x];
    }
    return sum / n;
  };
  const black = mean(at(layout.patches.black)), white = mean(at(layout.patches.white)), matte = at(layout.matte), colour = at(layout.colour);
  const alpha = new Float32Array(matte.w * matte.h);
  for (let y = 0; y < matte.h; y++) {
    for (let x = 0; x < matte.w; x++) {
      alpha[y * matte.w + x] = clamp((frame[(matte.y + y) * width + matte.x + x] - black) / (white - black));
    }
  }
  const chroma = (plane, x, y) => frame[width * height + plane * (width * height >> 2) + ((colour.y + y) >> 1) * (width >> 1) + ((colour.x + x) >> 1)];
  return { alpha, black, white, at: (x, y) => [frame[(colour.y + y) * width + colour.x + x], chroma(0, x, y), chroma(1, x, y)] };
}

/** What a player does: what is nearly nothing is nothing. */
export const clamped = (a) => clamp((a - 0.06) / 0.88);

/** Mean absolute errors of 255, and the share of the background in percent that can be seen: not counted are the 6
 * pixels around the person, which have the person's colour there (and are in `outside`). */
export function judge(alpha, wanted) {
  const sums = { inside: [0, 0], outside: [0, 0], edge: [0, 0] };
  let visible = 0, far = 0;
  const near = (i) => {
    for (let y = -6; y <= 6; y += 3) {
      for (let x = -6; x <= 6; x += 3) if (wanted[i + y * WIDTH + x] > 0) return true;
    }
    return false;
  };
  wanted.forEach((a, i) => {
    const sum = a >= 1 ? sums.inside : a <= 0 ? sums.outside : sums.edge;
    sum[0] += Math.abs(alpha[i] - a) * 255;
    sum[1]++;
    if (a <= 0 && !near(i)) {
      far++;
      visible += clamped(alpha[i]) > 2 / 255 ? 1 : 0;
    }
  });
  const of = ([sum, n]) => sum / Math.max(1, n);
  return { inside: of(sums.inside), outside: of(sums.outside), edge: of(sums.edge), visible: 100 * visible / Math.max(1, far) };
}

export function yuv([r, g, b]) {
  return [16 + 0.2568 * r + 0.5041 * g + 0.0979 * b, 128 - 0.1482 * r - 0.291 * g + 0.4392 * b, 128 + 0.4392 * r - 0.3678 * g - 0.0714 * b];
}
