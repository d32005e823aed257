// Binary glTF files for tests.
const padded = (b, fill) => Buffer.concat([b, Buffer.alloc((4 - (b.length % 4)) % 4, fill)]);

export function glbOf(description, bin) {
  const json = padded(Buffer.from(JSON.stringify(description)), 32), data = padded(bin, 0);
  const head = Buffer.from('glTF\x02\0\0\0\0\0\0\0', 'latin1');
  head.writeUInt32LE(12 + 8 + json.length + 8 + data.length, 8);
  const chunk = (type, b) => {
    const h = Buffer.alloc(8);
    h.writeUInt32LE(b.length, 0);
    h.write(type, 4, 'latin1');
    return Buffer.concat([h, b]);
  };
  return Buffer.concat([head, chunk('JSON', json), chunk('BIN\0', data)]);
}

/** A tetrahedron with edges of w × h × d (in the file's unit); `change` may spoil its description. */
export function tetrahedron(w, h, d, change = () => {}) {
  const bin = Buffer.concat([Buffer.from(new Float32Array([0, 0, 0, w, 0, 0, 0, h, 0, 0, 0, d]).buffer), Buffer.from([0, 2, 1, 0, 3, 2, 0, 1, 3, 1, 2, 3])]);
  const description = {
    asset: { version: '2.0' }, scene: 0, scenes: [{ nodes: [0] }], nodes: [{ mesh: 0 }],
    meshes: [{ primitives: [{ attributes: { POSITION: 0 }, indices: 1, material: 0 }] }],
    materials: [{ pbrMetallicRoughness: { baseColorFactor: [0.8, 0.2, 0.1, 1], metallicFactor: 0 } }],
    accessors: [{ bufferView: 0, componentType: 5126, count: 4, type: 'VEC3', min: [0, 0, 0], max: [w, h, d] }, { bufferView: 1, componentType: 5121, count: 12, type: 'SCALAR' }],
    bufferViews: [{ buffer: 0, byteLength: 48 }, { buffer: 0, byteOffset: 48, byteLength: 12 }],
    buffers: [{ byteLength: 60 }],
  };
  change(description);
  return glbOf(description, bin);
}
