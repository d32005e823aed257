// A camera's film of a person whose matte is known: a portrait cut out along a line of ours (so that its edge is
// true), before a green wall or a furnished room, moving. The portrait is NASA's of Eileen Collins (public domain), as
// Debian's python3-skimage has it.
import { execFile } from 'node:child_process';
import { open } from 'node:fs/promises';

export const W = 640, H = 360, FPS = 30;
export const PORTRAIT = '/usr/lib/python3/dist-packages/skimage/data/astronaut.png';
const SIZE = 512;
const SCALE = 0.68; // of the portrait in the picture
const EDGE = 2.2; // pixels, of the picture
const OUTLINE = [[225, 18], [253, 21], [277, 29], [293, 45], [300, 66], [300, 89], [293, 108], [281, 124], [276, 133], [268, 137],
  [262, 155], [256, 174], [272, 185], [291, 202], [302, 225], [305, 237], [323, 248], [340, 262], [349, 286], [359, 319], [361, 346],
  [328, 363], [305, 384], [288, 408], [279, 445], [281, 512], [281, 540], [40, 540], [30, 474], [24, 431], [23, 394], [27, 352], [34, 319],
  [44, 286], [62, 253], [86, 230], [115, 211], [116, 190], [128, 178], [135, 164], [152, 153], [182, 148], [181, 136], [176, 129],
  [165, 117], [157, 94], [156, 70], [162, 52], [178, 40], [197, 28], [211, 21]];
export const WALL = [45, 190, 60];

const clamp = (v, low = 0, high = 1) => Math.min(high, Math.max(low, v));

// Distance to the outline, positive inside.
function depth(x, y) {
  let inside = false;
  let nearest = Infinity;
  OUTLINE.forEach(([ax, ay], i) => {
    const [bx, by] = OUTLINE[(i + 1) % OUTLINE.length];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
    const t = clamp(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2));
    nearest = Math.min(nearest, Math.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay)));
  });
  return inside ? nearest : -nearest;
}

// The portrait at the picture's scale: colour and share, of `wide` by H pixels; it stands on the lower edge.
export async function portrait() {
  const file = process.env.PORTRAIT ?? PORTRAIT;
  const side = Math.round(SIZE * SCALE);
  const raw = await new Promise((resolve, reject) => {
    execFile('ffmpeg', ['-v', 'error', '-i', file, '-vf', `scale=${side}:${side}:flags=area`, '-pix_fmt', 'rgb24', '-f', 'rawvideo', '-'],
      { encoding: 'buffer', maxBuffer: 1 << 24 }, (error, stdout) => (error ? reject(error) : resolve(stdout)));
  });
  const share = new Float32Array(side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      share[y * side + x] = clamp((depth((x + 0.5) / SCALE, (y + 0.5) / SCALE) * SCALE - 1) / EDGE + 0.5);
    }
  }
  return { side, rgb: raw, share };
}

// Numbers about normal, the same each time.
function noiseOf(seed) {
  let s = seed >>> 0;
  const next = () => { s = (Math.imul(s, 1664525) + 1013904223) >>> 0; return s / 2 ** 32; };
  const table = Float32Array.from({ length: 1 << 14 }, () => Array.from({ length: 6 }, next).reduce((a, b) => a + b) - 3);
  return () => 1.41 * table[(next() * table.length) | 0];
}

// A wall with a shelf of books, a window and a lamp; light falls from the left.
export function room() {
  const rgb = new Float32Array(W * H * 3);
  const put = (x0, y0, x1, y1, colour) => {
    for (let y = Math.max(0, y0); y < Math.min(H, y1); y++) {
      for (let x = Math.max(0, x0); x < Math.min(W, x1); x++) rgb.set(colour, 3 * (y * W + x));
    }
  };
  put(0, 0, W, H, [186, 176, 160]);
  put(0, 290, W, H, [120, 92, 70]);
  put(40, 40, 190, 210, [226, 232, 238]);
  put(110, 40, 116, 210, [150, 140, 128]);
  put(40, 120, 190, 126, [150, 140, 128]);
  put(430, 30, 620, 300, [96, 66, 44]);
  const books = [[150, 60, 50], [60, 90, 120], [200, 180, 130], [70, 110, 80], [110, 70, 110], [40, 40, 50]];
  for (let shelf = 0; shelf < 3; shelf++) {
    for (let i = 0; i < 11; i++) put(438 + i * 16, 44 + shelf * 86 + (i % 3) * 5, 452 + i * 16, 112 + shelf * 86, books[(i * 5 + shelf) % 6]);
  }
  const out = new Float32Array(rgb.length);
  for (let y = 0; y < H; y++) { // the lens is focused on the person
    for (let x = 0; x < W; x++) {
      const sum = [0, 0, 0];
      for (let j = -2; j <= 2; j++) {
        for (let i = -2; i <= 2; i++) {
          const at = 3 * (clamp(y + j, 0, H - 1) * W + clamp(x + i, 0, W - 1));
          for (let c = 0; c < 3; c++) sum[c] += rgb[at + c];
        }
      }
      for (let c = 0; c < 3; c++) out[3 * (y * W + x) + c] = (sum[c] / 25) * (1.05 - 0.2 * (x / W));
    }
  }
  return out;
}

export function greenWall(colour = WALL) {
  const rgb = new Float32Array(W * H * 3);
  for (let y = 0; y < H; y++) {
    for (let x = 0; x < W; x++) {
      const light = 0.8 + 0.25 * (x / W) + 0.1 * (y / H);
      for (let c = 0; c < 3; c++) rgb[3 * (y * W + x) + c] = colour[c] * light;
    }
  }
  return rgb;
}

// The person's place in frame n of a loop of `count`.
export const placeAt = (n, count) => Math.round(W / 2 - 115 + 26 * Math.sin((2 * Math.PI * n) / count));

// The truth: the share of the picture's pixels, with the person `left` pixels from its left edge.
export function truth(person, left) {
  const alpha = new Float32Array(W * H);
  const top = H - person.side;
  for (let y = Math.max(0, top); y < H; y++) {
    for (let x = 0; x < person.side; x++) {
      const to = x + left;
      if (to >= 0 && to < W) alpha[y * W + to] = person.share[(y - top) * person.side + x];
    }
  }
  return alpha;
}

// Paints the person over `rgb`, in place.
export function compose(rgb, person, left, size = 1) {
  const top = H - Math.round(person.side * size);
  for (let y = Math.max(0, top); y < H; y++) {
    for (let x = 0; x < person.side * size; x++) {
      const from = Math.floor((y - top) / size) * person.side + Math.floor(x / size);
      const to = x + left;
      const a = from < person.share.length ? person.share[from] : 0;
      if (to < 0 || to >= W || a === 0) continue;
      for (let c = 0; c < 3; c++) {
        rgb[3 * (y * W + to) + c] += a * (person.rgb[3 * from + c] - rgb[3 * (y * W + to) + c]);
      }
    }
  }
  return rgb;
}

function i420(rgb, noise) {
  const out = Buffer.alloc((W * H * 3) / 2);
  const at = (x, y, c) => clamp(rgb[3 * (y * W + x) + c], 0, 255);
  for (let y = 0; y < H; y++) {
    for (let x = 0; x < W; x++) {
      out[y * W + x] = clamp(16.5 + 0.2568 * at(x, y, 0) + 0.5041 * at(x, y, 1) + 0.0979 * at(x, y, 2) + noise(), 16, 235);
    }
  }
  for (let y = 0; y < H; y += 2) {
    for (let x = 0; x < W; x += 2) {
      const mean = [0, 1, 2].map((c) => (at(x, y, c) + at(x + 1, y, c) + at(x, y + 1, c) + at(x + 1, y + 1, c)) / 4);
      const i = W * H + (y / 2) * (W / 2) + x / 2;
      out[i] = clamp(128.5 - 0.1482 * mean[0] - 0.291 * mean[1] + 0.4392 * mean[2] + 0.5 * noise(), 16, 240);
      out[i + (W * H) / 4] = clamp(128.5 + 0.4392 * mean[0] - 0.3678 * mean[1] - 0.0714 * mean[2] + 0.5 * noise(), 16, 240);
    }
  }
  return out;
}

// Writes a camera's film of `count` frames; `paint(n)` gives RGB as floats.
export async function writeFilm(file, count, paint, { grain = 1, fps = FPS } = {}) {
  const out = await open(file, 'w');
  const noise = noiseOf(11);
  await out.write(`YUV4MPEG2 W${W} H${H} F${fps}:1 Ip A1:1 C420jpeg\n`);
  for (let n = 0; n < count; n++) {
    await out.write('FRAME\n');
    await out.write(i420(paint(n), () => grain * noise()));
  }
  await out.close();
}

/* What a player does: what is nearly nothing is nothing. */
export const clamped = (a) => clamp((a - 0.06) / 0.88);

// Mean absolute errors of 255 inside, outside and at the edge (where the truth is neither), and the share of the
// background in percent that can be seen: not counted are 6 pixels around the person, which have the person's colour.
export function judge(alpha, wanted) {
  const sums = { inside: [0, 0], outside: [0, 0], edge: [0, 0] };
  let visible = 0, far = 0;
  const near = (x, y) => {
    for (let j = -6; j <= 6; j += 3) {
      for (let i = -6; i <= 6; i += 3) {
        if (x + i >= 0 && x + i < W && y + j >= 0 && y + j < H && wanted[(y + j) * W + x + i] > 0) return true;
      }
    }
    return false;
  };
  for (let y = 0; y < H; y++) {
    for (let x = 0; x < W; x++) {
      const i = y * W + x;
      const a = wanted[i];
      const sum = a >= 1 ? sums.inside : a <= 0 ? sums.outside : sums.edge;
      sum[0] += Math.abs(alpha[i] - a) * 255;
      sum[1]++;
      if (a <= 0 && !near(x, y)) {
        far++;
        visible += clamped(alpha[i]) > 2 / 255 ? 1 : 0;
      }
    }
  }
  const of = ([sum, n]) => sum / Math.max(1, n);
  return { inside: of(sums.inside), outside: of(sums.outside), edge: of(sums.edge), visible: (100 * visible) / Math.max(1, far) };
}
