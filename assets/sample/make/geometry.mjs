// Shapes as indexed triangles, in metres. A shape is {positions, normals, uvs, indices}: flat arrays.

const sub = (a, b) => a.map((v, i) => v - b[i]);
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
const unit = (a) => a.map((v) => v / (Math.hypot(...a) || 1));

/** A grid of points, `rows` by `columns`, each point by `at(row, column)` → {position, uv}. */
function grid(rows, columns, at) {
  const shape = { positions: [], normals: [], uvs: [], indices: [] };
  const points = [];
  for (let r = 0; r <= rows; r++) {
    for (let c = 0; c <= columns; c++) {
      const { position, normal, uv } = at(r, c);
      points.push(position);
      shape.positions.push(...position);
      shape.normals.push(...unit(normal));
      shape.uvs.push(...uv);
    }
  }
  const index = (r, c) => r * (columns + 1) + c;
  /** Faces look where their normals point. */
  const triangle = (a, b, c) => {
    const face = cross(sub(points[b], points[a]), sub(points[c], points[a]));
    if (Math.hypot(...face) < 1e-12) return;
    const side = [a, b, c].reduce((sum, i) => sum + face.reduce((d, v, k) => d + v * shape.normals[3 * i + k], 0), 0);
    shape.indices.push(...(side > 0 ? [a, b, c] : [a, c, b]));
  };
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      triangle(index(r, c), index(r, c + 1), index(r + 1, c));
      triangle(index(r, c + 1), index(r + 1, c + 1), index(r + 1, c));
    }
  }
  return shape;
}

/** A profile of [radius, y] points turned round the y axis. Sharp corners: repeat the point. */
export function lathe(profile, segments) {
  const lengths = [0];
  for (let i = 1; i < profile.length; i++) {
    lengths.push(lengths[i - 1] + Math.hypot(profile[i][0] - profile[i - 1][0], profile[i][1] - profile[i - 1][1]));
  }
  const total = lengths.at(-1);
  const slope = (i) => {
    const same = (a, b) => Math.hypot(profile[a][0] - profile[b][0], profile[a][1] - profile[b][1]) < 1e-9;
    let a = i - 1, b = i + 1;
    if (a < 0 || same(a, i)) a = i;
    if (b >= profile.length || same(b, i)) b = i;
    return [profile[b][1] - profile[a][1], -(profile[b][0] - profile[a][0])];
  };
  return grid(profile.length - 1, segments, (r, c) => {
    const turn = (c / segments) * 2 * Math.PI;
    const [nr, ny] = slope(r);
    const [x, z] = [Math.cos(turn), Math.sin(turn)];
    return {
      position: [x * profile[r][0], profile[r][1], z * profile[r][0]],
      normal: [x * nr, ny, z * nr],
      uv: [c / segments, lengths[r] / total],
    };
  });
}

/** A round tube along a curve in the xy plane. */
export function tube(curve, radius, segments) {
  const tangent = (i) => unit(sub(curve[Math.min(i + 1, curve.length - 1)], curve[Math.max(i - 1, 0)]));
  return grid(curve.length - 1, segments, (r, c) => {
    const t = tangent(r);
    const side = [t[1], -t[0], 0];
    const turn = (c / segments) * 2 * Math.PI;
    const normal = [side[0] * Math.cos(turn), side[1] * Math.cos(turn), -Math.sin(turn)];
    return {
      position: curve[r].map((v, i) => v + normal[i] * radius),
      normal,
      uv: [c / segments, r / (curve.length - 1)],
    };
  });
}

/** Profile of a disc or drum with rounded edges, from the axis below to the axis above. */
export function drum(radius, bottom, top, round, steps = 3) {
  const points = [[0, bottom], [radius - round, bottom], [radius - round, bottom]];
  for (let i = 1; i <= steps; i++) {
    const a = -Math.PI / 2 + (i / steps) * (Math.PI / 2);
    points.push([radius - round + round * Math.cos(a), bottom + round + round * Math.sin(a)]);
  }
  for (let i = 0; i <= steps; i++) {
    const a = (i / steps) * (Math.PI / 2);
    points.push([radius - round + round * Math.cos(a), top - round + round * Math.sin(a)]);
  }
  points.push([radius - round, top], [0, top]);
  return points;
}

/** Applies `point` to positions and `direction` to normals. */
export function transform(shape, point, direction = point) {
  const map = (list, f) => list.flatMap((_, i) => (i % 3 === 0 ? f(list.slice(i, i + 3)) : []));
  return { ...shape, positions: map(shape.positions, point), normals: map(shape.normals, direction) };
}

export function move(shape, by) {
  return transform(shape, (p) => p.map((v, i) => v + by[i]), (n) => n);
}

/** Turns the y axis into the z axis. */
export function layDown(shape) {
  return transform(shape, ([x, y, z]) => [x, -z, y]); // a rotation: faces keep their side
}

export function join(...shapes) {
  const all = { positions: [], normals: [], uvs: [], indices: [] };
  for (const s of shapes) {
    const first = all.positions.length / 3;
    all.positions.push(...s.positions);
    all.normals.push(...s.normals);
    all.uvs.push(...s.uvs);
    all.indices.push(...s.indices.map((i) => i + first));
  }
  return all;
}
