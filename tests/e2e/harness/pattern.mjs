// Pictures and sound that machines can read. Every frame carries its number as a bar code below four
// colour blocks; the fourth flashes white as each second begins, and with it the sound beeps.
//
//   +-------+-------+-------+-------+
//   |  red  | green | blue  | flash |   upper 55 %
//   +-------+-------+-------+-------+
//   |             grey              |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |1|0|  12 bits, high first  |chk|   lower 35 %: 16 cells; chk = number of ones modulo 4
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
import { open, writeFile } from 'node:fs/promises';
import { sh } from './server.mjs';

export const COLOURS = [[200, 50, 50], [50, 160, 70], [50, 80, 200]];
const GREY = [128, 128, 128];
const BEEP_HZ = 1000;
const BEEP_S = 0.1;
const FLASH_S = 0.1;

const yuv = ([r, g, b]) => [
  16 + 0.257 * r + 0.504 * g + 0.098 * b,
  128 - 0.148 * r - 0.291 * g + 0.439 * b,
  128 + 0.439 * r - 0.368 * g - 0.071 * b,
].map(Math.round);

export function cells(n) {
  const bits = Array.from({ length: 12 }, (_, i) => (n >> (11 - i)) & 1);
  const ones = bits.reduce((a, b) => a + b, 0) % 4;
  return [1, 0, ...bits, ones >> 1, ones & 1];
}

// One I420 frame.
function frame(n, { width, height, fps }) {
  const luma = width * height;
  const buffer = Buffer.alloc((luma * 3) / 2);
  const planes = [[0, width, height], [luma, width / 2, height / 2], [luma * 1.25, width / 2, height / 2]];
  const flash = n % fps < FLASH_S * fps ? [255, 255, 255] : [0, 0, 0];
  const rows = [
    { until: 0.55, colours: [...COLOURS, flash] },
    { until: 0.65, colours: [GREY] },
    { until: 1, colours: cells(n).map((bit) => (bit ? [255, 255, 255] : [0, 0, 0])) },
  ];
  planes.forEach(([offset, w, h], plane) => {
    let y = 0;
    for (const { until, colours } of rows) {
      const line = Buffer.alloc(w);
      const values = colours.map((colour) => yuv(colour)[plane]);
      for (let x = 0; x < w; x++) line[x] = values[Math.floor((x * values.length) / w)];
      for (; y < Math.round(h * until); y++) line.copy(buffer, offset + y * w);
    }
  });
  return buffer;
}

// For Chromium's fake camera, which plays it in a loop.
export async function writeCamera(file, { width = 640, height = 360, fps = 30, seconds = 8 } = {}) {
  const out = await open(file, 'w');
  await out.write(`YUV4MPEG2 W${width} H${height} F${fps}:1 Ip A1:1 C420jpeg\n`);
  for (let n = 0; n < seconds * fps; n++) {
    await out.write('FRAME\n');
    await out.write(frame(n, { width, height, fps }));
  }
  await out.close();
}

// 16-bit PCM at 48 kHz: a beep as each second begins.
export async function writeBeeps(file, { seconds = 8, channels = 1 } = {}) {
  const rate = 48_000;
  const data = Buffer.alloc(seconds * rate * channels * 2);
  for (let i = 0; i < seconds * rate; i++) {
    const t = (i % rate) / rate;
    const value = t < BEEP_S ? Math.round(20_000 * Math.sin(2 * Math.PI * BEEP_HZ * t)) : 0;
    for (let c = 0; c < channels; c++) data.writeInt16LE(value, (i * channels + c) * 2);
  }
  const head = Buffer.alloc(44);
  head.write('RIFF');
  head.writeUInt32LE(36 + data.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * channels * 2, 28);
  head.writeUInt16LE(channels * 2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(data.length, 40);
  await writeFile(file, Buffer.concat([head, data]));
}

// A film of the pattern with sound, for the compiler.
export async function writeFilm(file, { width = 640, height = 360, fps = 25, seconds = 40 } = {}) {
  const wav = `${file}.wav`;
  await writeBeeps(wav, { seconds });
  await sh('ffmpeg', ['-y', '-loglevel', 'error', '-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${width}x${height}`,
    '-r', String(fps), '-i', '-', '-i', wav, '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '18', '-g', String(fps),
    '-color_range', 'tv', '-colorspace', 'smpte170m', '-color_primaries', 'smpte170m', '-color_trc', 'smpte170m',
    '-c:a', 'aac', '-b:a', '128k', file], async (stdin) => {
    for (let n = 0; n < seconds * fps; n++) {
      if (!stdin.write(frame(n, { width, height, fps }))) {
        await new Promise((resolve) => stdin.once('drain', resolve));
      }
    }
    stdin.end();
  });
}
