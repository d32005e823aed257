// What rows of the table make their inputs with, and what results are read with. Known picture: three patches
// of pure colour and a grey ground, a flash and a beep at the start of each whole second.
import { execFile, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';

const exec = promisify(execFile);

export const ffmpeg = (...args) => exec('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-nostdin', '-y', ...args.map(String)],
  { maxBuffer: 1 << 28, timeout: 120_000 });

/** Runs ffmpeg and gives what it writes to standard output. */
export async function ffmpegBytes(...args) {
  const child = spawn('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-nostdin', ...args.map(String), '-'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks = [];
  let words = '';
  child.stdout.on('data', (d) => chunks.push(d));
  child.stderr.on('data', (d) => { words += d; });
  const code = await new Promise((done) => child.on('close', done));
  if (code !== 0 || words) throw new Error(`ffmpeg ${args.join(' ')}: ${words || code}`);
  return Buffer.concat(chunks);
}

/** What ffprobe says of a file. */
export async function ffprobe(file, ...args) {
  const { stdout } = await exec('ffprobe', ['-v', 'error', '-of', 'json', '-show_streams', '-show_format', ...args, file], { maxBuffer: 1 << 26 });
  return JSON.parse(stdout);
}

export const PATCHES = { red: [255, 0, 0], green: [0, 255, 0], blue: [0, 0, 255] };
const FLASH = 0.1;

/** The lavfi source of the known picture, RGB. Patches are each a quarter wide in the upper third, from the left. */
export function picture({ size = '320x180', fps = 25, seconds = 3, patches = Object.values(PATCHES), from = 0 } = {}) {
  const [w, h] = size.split('x').map(Number);
  const hex = (c) => `0x${c.map((v) => v.toString(16).padStart(2, '0')).join('')}`;
  const boxes = patches.map((c, i) => `drawbox=x=${Math.round((i * w) / 4)}:y=0:w=${Math.round(w / 4)}:h=${Math.round(h / 3)}:c=${hex(c)}:t=fill`);
  const lit = `gte(t,${from})*lt(mod(t-${from}+0.0001,1),${FLASH})`;
  return `color=c=0x505050:s=${size}:r=${fps}:d=${seconds},format=gbrp,${boxes.join(',')},` +
    `drawbox=x=${Math.round(w / 3)}:y=${Math.round(h / 2)}:w=${Math.round(w / 3)}:h=${Math.round(h / 3)}:c=white:t=fill:enable='${lit}'`;
}

/** The lavfi source of the beeps. */
export const sound = ({ seconds = 3, rate = 48000, channels = 1, gain = 0.5 } = {}) =>
  `aevalsrc=exprs='${Array(channels).fill(`${gain}*sin(2*PI*1000*t)*lt(mod(t,1),0.1)`).join('|')}':s=${rate}:d=${seconds}`;

/** RGB to YUV as a maker of films does it: matrix and tags agree. */
export const yuv = (matrix = 'bt709', format = 'yuv420p') =>
  ['-vf', `scale=out_color_matrix=${matrix === 'bt709' ? 'bt709' : 'bt601'}:out_range=tv:flags=accurate_rnd+full_chroma_int,format=${format}`,
    '-colorspace', matrix === 'bt709' ? 'bt709' : 'smpte170m', '-color_primaries', matrix === 'bt709' ? 'bt709' : 'smpte170m',
    '-color_trc', matrix === 'bt709' ? 'bt709' : 'smpte170m', '-color_range', 'tv'];

export const X264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '12'];

/** Film of the known picture and sound; `video` and `audio` are encoder arguments. */
export async function film(file, { video = X264, audio = ['-c:a', 'aac'], colour = yuv(), more = [], inputs = [], ...what } = {}) {
  const sources = ['-f', 'lavfi', '-i', picture(what)];
  if (audio) sources.push('-f', 'lavfi', '-i', sound({ seconds: what.seconds ?? 3 }));
  await ffmpeg(...sources, ...inputs, ...colour, ...video, ...(audio ?? []), ...more, file);
}

/** Changes bytes of a file: `change(buffer)` returns nothing (changed in place) or other bytes. */
export function surgery(file, change) {
  const bytes = readFileSync(file);
  writeFileSync(file, change(bytes) ?? bytes);
}

// ---- reading results ----

/** Frames as RGB of `width`×`height` each. */
export async function frames(file, width, height, ...args) {
  const raw = await ffmpegBytes(...args, '-i', file, '-an', '-map', '0:v:0', '-fps_mode', 'passthrough', '-f', 'rawvideo', '-pix_fmt', 'rgb24');
  const size = width * height * 3;
  if (raw.length % size !== 0) throw new Error(`${file}: not whole frames of ${width}x${height}`);
  return Array.from({ length: raw.length / size }, (_, i) => raw.subarray(i * size, (i + 1) * size));
}

/** The mean colour of 5×5 pixels around a place given as a share of width and height. */
export function colourAt(frame, width, height, x, y) {
  const cx = Math.round(x * width), cy = Math.round(y * height), sum = [0, 0, 0];
  for (let dy = -2; dy <= 2; dy++) {
    for (let dx = -2; dx <= 2; dx++) {
      for (let c = 0; c < 3; c++) sum[c] += frame[((cy + dy) * width + cx + dx) * 3 + c];
    }
  }
  return sum.map((v) => Math.round(v / 25));
}

/** Samples of the sound as a Float32Array, mono. */
export async function samples(file, rate = 48000) {
  const raw = await ffmpegBytes('-i', file, '-vn', '-f', 'f32le', '-ac', 1, '-ar', rate);
  return new Float32Array(raw.buffer, raw.byteOffset, raw.length >> 2);
}

/** When the beeps begin, in seconds. */
export function beeps(pcm, rate = 48000) {
  let loudest = 0;
  for (const v of pcm) loudest = Math.max(loudest, Math.abs(v));
  const found = [];
  let quiet = 1;
  for (let i = 0; i < pcm.length; i++) {
    const loud = Math.abs(pcm[i]) > loudest * 0.4;
    if (loud && quiet > 0.03) found.push(i / rate);
    quiet = loud ? 0 : quiet + 1 / rate;
  }
  return found;
}

/** When the flashes begin, in seconds; the flash is at the place given. */
export function flashes(list, width, height, fps, x = 0.5, y = 0.66) {
  const found = [];
  let lit = false;
  list.forEach((frame, n) => {
    const bright = colourAt(frame, width, height, x, y)[1] > 170;
    if (bright && !lit) found.push(n / fps);
    lit = bright;
  });
  return found;
}
