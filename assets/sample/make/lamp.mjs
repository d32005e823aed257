// The Arc floor lamp, in metres, standing on y = 0: what it is made of and where the parts turn.
import { drum, join, lathe, layDown, move, tube } from './geometry.mjs';

const POLE = 0.011;       // radius
const STRAIGHT = 1.155;   // where the pole begins to bend
const BEND = 0.26;        // radius of the arc
const ARC_END = 0.78;     // of a half circle

function poleCurve() {
  const points = [];
  for (let i = 0; i <= 6; i++) points.push([0, 0.02 + (i / 6) * (STRAIGHT - 0.02), 0]);
  for (let i = 1; i <= 32; i++) {
    const a = Math.PI - (i / 32) * ARC_END * Math.PI;
    points.push([BEND + BEND * Math.cos(a), STRAIGHT + BEND * Math.sin(a), 0]);
  }
  return points;
}

const curve = poleCurve();
const tip = curve.at(-1);

/** Where the head turns and tilts: the middle of the oak joint. */
export const pivot = [tip[0], tip[1] - 0.03, 0];

const forkSide = (z) => move(layDown(lathe(drum(0.021, -0.003, 0.003, 0.0015), 20)), [0, 0, z]);

const body = join(
  lathe(drum(0.142, 0, 0.024, 0.008), 40),
  lathe(drum(0.026, 0.022, 0.05, 0.006), 24),
  tube(curve, POLE, 16),
);

/** Holds the joint on both sides and turns with it. */
const fork = join(
  forkSide(0.041), forkSide(-0.041),
  move(layDown(lathe(drum(POLE, -0.044, 0.044, 0.003), 20)), [0, 0.03, 0]),
  lathe(drum(0.014, 0.028, 0.052, 0.003), 20),
);

/** Oak, its grain along the axis; like a bobbin, waisted in the middle. */
function bobbin() {
  const points = [[0, -0.036], [0.027, -0.036], [0.027, -0.036]];
  for (let i = 0; i <= 24; i++) {
    const t = i / 24;
    const y = -0.0355 + t * 0.071;
    const waist = 0.0065 * Math.exp(-(((t - 0.5) / 0.13) ** 2));
    const ends = 0.007 * (Math.abs(2 * t - 1) ** 7);
    points.push([0.0335 - waist - ends, y]);
  }
  points.push([0.027, 0.036], [0.027, 0.036], [0, 0.036]);
  return layDown(lathe(points, 32));
}

const SHADE_TOP = -0.062, SHADE_HEIGHT = 0.2, TOP_RADIUS = 0.085, BOTTOM_RADIUS = 0.188;

function shadeSkin(thickness) {
  const b = SHADE_TOP - SHADE_HEIGHT;
  const outside = [[BOTTOM_RADIUS, b], [TOP_RADIUS, SHADE_TOP]];
  const inside = [[TOP_RADIUS - thickness, SHADE_TOP], [BOTTOM_RADIUS - thickness, b]];
  return join(lathe(outside, 40), lathe([outside[1], inside[0]], 40), lathe(inside, 40), lathe([inside[1], outside[0]], 40));
}

function rim(radius, y) {
  const points = [];
  for (let i = 0; i <= 6; i++) {
    const a = (i / 6) * 2 * Math.PI - Math.PI / 2;
    points.push([radius + 0.0028 * Math.cos(a), y + 0.0028 * Math.sin(a)]);
  }
  return lathe(points, 40);
}

/** `Turn` turns round y at the pivot, `Head` inside it tilts round z; their parts are relative to it. */
export const parts = [
  { node: 'Body', name: 'Steel', material: 'steel', shape: body },
  { node: 'Turn', name: 'Fork', material: 'steel', shape: fork },
  { node: 'Head', name: 'Joint', material: 'oak', shape: bobbin() },
  {
    node: 'Head', name: 'Brass', material: 'brass',
    shape: join(
      layDown(lathe(drum(0.009, -0.0475, 0.0475, 0.002), 24)),
      rim(BOTTOM_RADIUS - 0.001, SHADE_TOP - SHADE_HEIGHT), rim(TOP_RADIUS - 0.001, SHADE_TOP),
      lathe([...drum(0.016, -0.12, -0.03, 0.004)], 18),
      move(lathe(drum(TOP_RADIUS - 0.002, -0.0015, 0.0015, 0.001), 32), [0, SHADE_TOP + 0.002, 0]),
    ),
  },
  { node: 'Head', name: 'Shade', material: 'linen', shape: shadeSkin(0.0025) },
  {
    node: 'Head', name: 'Bulb', material: 'bulb',
    shape: move(lathe(Array.from({ length: 11 }, (_, i) => {
      const a = -Math.PI / 2 + (i / 10) * Math.PI;
      return [0.03 * Math.cos(a), 0.03 * Math.sin(a)];
    }), 18), [0, -0.15, 0]),
  },
];

export const materials = {
  steel: { colour: [0.085, 0.07, 0.06], metallic: 0.55, roughness: 0.42 },
  oak: { colour: [1, 1, 1], metallic: 0, roughness: 0.5, texture: 'oak' },
  brass: { colour: [0.78, 0.53, 0.24], metallic: 0.9, roughness: 0.32 },
  linen: { colour: [0.93, 0.85, 0.71], metallic: 0, roughness: 0.95, doubleSided: true, emissive: [0, 0, 0] },
  bulb: { colour: [1, 0.94, 0.82], metallic: 0, roughness: 0.3, emissive: [0.35, 0.28, 0.18] },
};

/** Width, height and depth in millimetres, the head looking straight down. */
export function sizeInMillimetres() {
  const low = [Infinity, Infinity, Infinity], high = [-Infinity, -Infinity, -Infinity];
  for (const part of parts) {
    const p = part.shape.positions;
    for (let i = 0; i < p.length; i++) {
      const v = p[i] + (part.node === 'Body' ? 0 : pivot[i % 3]);
      low[i % 3] = Math.min(low[i % 3], v);
      high[i % 3] = Math.max(high[i % 3], v);
    }
  }
  const [w, h, d] = high.map((v, i) => Math.round((v - low[i]) * 1000));
  return { w, h, d };
}
