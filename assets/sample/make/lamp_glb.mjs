// Writes lamp.glb (glTF 2.0 binary) and the size in product.json. Run: node lamp_glb.mjs
import { readFileSync, writeFileSync } from 'node:fs';
import { materials, parts, pivot, sizeInMillimetres } from './lamp.mjs';
import { oak } from './oak.mjs';
import { png } from './png.mjs';

const here = (name) => new URL(`../${name}`, import.meta.url);
const FLOAT = 5126, SHORT = 5123, VERTEX = 34962, INDEX = 34963;

const chunks = [];
let size = 0;
const views = [], accessors = [];

function addView(buffer, target) {
  views.push({ buffer: 0, byteOffset: size, byteLength: buffer.length, ...(target && { target }) });
  const padded = Buffer.concat([buffer, Buffer.alloc(-buffer.length & 3)]);
  chunks.push(padded);
  size += padded.length;
  return views.length - 1;
}

function addAccessor(accessor) {
  accessors.push(accessor);
  return accessors.length - 1;
}

function addFloats(values, type, bounds) {
  const n = { VEC2: 2, VEC3: 3 }[type];
  const data = Float32Array.from(values);
  const accessor = { bufferView: addView(Buffer.from(data.buffer), VERTEX), componentType: FLOAT, count: data.length / n, type };
  if (bounds) {
    const axis = (f) => Array.from({ length: n }, (_, a) => f(...data.filter((_, i) => i % n === a)));
    accessor.min = axis(Math.min);
    accessor.max = axis(Math.max);
  }
  return addAccessor(accessor);
}

function addMesh({ name, material, shape }) {
  const attributes = { POSITION: addFloats(shape.positions, 'VEC3', true), NORMAL: addFloats(shape.normals, 'VEC3') };
  if (materials[material].texture) attributes.TEXCOORD_0 = addFloats(shape.uvs, 'VEC2');
  const data = Uint16Array.from(shape.indices);
  const indices = addAccessor({ bufferView: addView(Buffer.from(data.buffer), INDEX), componentType: SHORT, count: data.length, type: 'SCALAR' });
  return { name, primitives: [{ attributes, indices, material: Object.keys(materials).indexOf(material) }] };
}

function describeMaterial([name, m]) {
  return {
    name,
    pbrMetallicRoughness: {
      baseColorFactor: [...m.colour, 1], metallicFactor: m.metallic, roughnessFactor: m.roughness,
      ...(m.texture && { baseColorTexture: { index: 0 } }),
    },
    ...(m.emissive && { emissiveFactor: m.emissive }),
    ...(m.doubleSided && { doubleSided: true }),
  };
}

const meshes = parts.map(addMesh);
const texture = addView(png(112, 112, (x, y) => oak(x / 112, y / 112)));
const children = (node) => parts.map((part, i) => [part.node, i + 4]).filter(([name]) => name === node).map(([, i]) => i);
const mm = sizeInMillimetres();
const gltf = {
  asset: { version: '2.0', generator: 'parlour assets/sample/make', copyright: 'CC0-1.0' },
  scene: 0,
  scenes: [{ nodes: [0] }],
  nodes: [
    { name: 'Arc', children: [1, 2], extras: { size_mm: mm } },
    { name: 'Body', children: children('Body') },
    { name: 'Turn', translation: pivot, children: [3, ...children('Turn')] },
    { name: 'Head', children: children('Head') },
    ...parts.map((part, i) => ({ name: part.name, mesh: i })),
  ],
  meshes,
  materials: Object.entries(materials).map(describeMaterial),
  textures: [{ source: 0, sampler: 0 }],
  samplers: [{ magFilter: 9729, minFilter: 9987, wrapS: 10497, wrapT: 10497 }],
  images: [{ bufferView: texture, mimeType: 'image/png' }],
  accessors, bufferViews: views, buffers: [{ byteLength: size }],
};

function glbChunk(type, data, pad) {
  const body = Buffer.concat([data, Buffer.alloc(-data.length & 3, pad)]);
  const head = Buffer.alloc(8);
  head.writeUInt32LE(body.length, 0);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, body]);
}

const body = Buffer.concat([glbChunk('JSON', Buffer.from(JSON.stringify(gltf)), ' '), glbChunk('BIN\0', Buffer.concat(chunks), 0)]);
const head = Buffer.from('glTF\x02\0\0\0\0\0\0\0', 'latin1');
head.writeUInt32LE(body.length + 12, 8);
writeFileSync(here('lamp.glb'), Buffer.concat([head, body]));

const product = JSON.parse(readFileSync(here('product.json'), 'utf8'));
product.size_mm = mm;
writeFileSync(here('product.json'), `${JSON.stringify(product, null, 2)}\n`);
console.log(`lamp.glb: ${body.length + 12} bytes, ${mm.w} × ${mm.h} × ${mm.d} mm`);
