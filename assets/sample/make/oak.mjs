// Oak seen close: growth rings stretched along the grain, pores and rays. Deterministic.
function noise(x, y, seed) {
  const hash = (i, j) => {
    let h = Math.imul(i, 374761393) + Math.imul(j, 668265263) + Math.imul(seed, 1274126177);
    h = Math.imul(h ^ (h >>> 13), 1274126177);
    return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
  };
  const [ix, iy] = [Math.floor(x), Math.floor(y)];
  const [fx, fy] = [x - ix, y - iy].map((t) => t * t * (3 - 2 * t));
  const lerp = (a, b, t) => a + (b - a) * t;
  return lerp(lerp(hash(ix, iy), hash(ix + 1, iy), fx), lerp(hash(ix, iy + 1), hash(ix + 1, iy + 1), fx), fy);
}

/** Colour at u (across the grain) and v (along it), both 0..1: [r, g, b] of 0..255. */
export function oak(u, v) {
  const bend = noise(u * 4, v * 1.5, 1) * 0.35 + noise(u * 9, v * 2.5, 2) * 0.1;
  const ring = (u * 7 + bend * 3) % 1;
  const late = Math.max(0, 1 - Math.abs(ring - 0.85) / 0.18);
  const pores = noise(u * 180, v * 9, 3) > 0.77 ? 1 : 0;
  const fibre = noise(u * 90, v * 4, 4) - 0.5;
  const shade = 1 - late * 0.2 - pores * 0.13 + fibre * 0.14;
  const step = Math.round(shade * 28) / 28; // few tones keep the PNG small
  return [201 * step, 150 * step ** 1.15, 94 * step ** 1.35];
}
