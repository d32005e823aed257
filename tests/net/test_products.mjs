// Products with models and images: what is accepted, how it is served, who may write it, and that nobody
// overwrites anybody; the package for AR Quick Look is read back by Python's zipfile.
//
//   PARLOUR_BUILD=build node --test tests/net/test_products.mjs
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { tetrahedron } from './lib/glb.mjs';
import { ROOT, Server, run } from './lib/server.mjs';

const tus = { 'Tus-Resumable': '1.0.0' };
const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63f8cfc0f01f00050001ff56c7ae8a0000000049454e44ae426082', 'hex');
const lamp = readFileSync(join(ROOT, 'assets/sample/lamp.glb'));
const tokens = {};
let s;

before(async () => {
  s = await Server.start(['--model-max', '1M', '--image-max', '64K']);
  for (const role of ['rep', 'marketer']) tokens[role] = run('token', 'create', '--role', role, '--data', s.data);
});
after(() => s?.stop());

const call = (method, path, { token = tokens.rep, body, headers = {} } = {}) => fetch(s.base + path, { method,
  headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
  ...(body === undefined ? {} : { body: JSON.stringify(body) }) });

async function upload(bytes, token = tokens.rep) {
  const made = await fetch(`${s.base}/api/v1/uploads`, { method: 'POST', headers: { ...tus, 'Upload-Length': String(bytes.length), authorization: `Bearer ${token}` } });
  assert.equal(made.status, 201);
  const sent = await fetch(s.base + made.headers.get('location'), { method: 'PATCH', body: bytes,
    headers: { ...tus, 'content-type': 'application/offset+octet-stream', 'Upload-Offset': '0' } });
  assert.equal(sent.status, 204);
  return made.headers.get('location').split('/').at(-1);
}

async function must(status, answer) {
  const r = await answer, text = await r.text();
  assert.equal(r.status, status, text);
  return { json: text === '' ? null : JSON.parse(text), headers: r.headers };
}
const product = async (body) => (await must(201, call('POST', '/api/v1/products', { body }))).json;
const put = async (p, bytes, options = {}) => call('PUT', `/api/v1/products/${p.id}/model`, { body: { upload: await upload(bytes) }, ...options });
const files = (p) => (existsSync(join(s.data, 'products', p.id)) ? readdirSync(join(s.data, 'products', p.id)) : []);

async function problem(status, word, answer) {
  const { json } = await must(status, answer);
  assert.equal(json.type, `urn:parlour:problem:${word}`);
  return json.detail;
}

/** The layer of a package, after Python has looked at its entries. */
function layerOf(bytes) {
  const script = `
import io, json, sys, zipfile
z = zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read()))
assert z.testzip() is None
raw = z.fp.getvalue()
entries = []
for e in z.infolist():
    n = int.from_bytes(raw[e.header_offset + 26:e.header_offset + 28], 'little') + int.from_bytes(raw[e.header_offset + 28:e.header_offset + 30], 'little')
    entries.append({'name': e.filename, 'stored': e.compress_type == 0, 'at': e.header_offset + 30 + n, 'size': e.file_size})
json.dump({'entries': entries, 'layer': z.read(z.infolist()[0]).decode()}, sys.stdout)`;
  const { entries, layer } = JSON.parse(execFileSync('python3', ['-c', script], { input: bytes, maxBuffer: 1 << 28 }));
  assert.equal(entries[0].name, 'model.usda');
  for (const e of entries) assert.ok(e.stored && e.at % 64 === 0, JSON.stringify(e));
  assert.match(layer, /^#usda 1\.0\n/);
  assert.match(layer, /metersPerUnit = 1\n/);
  assert.match(layer, /upAxis = "Y"\n/);
  const extents = [...layer.matchAll(/extent = \[\(([^)]*)\), \(([^)]*)\)\]/g)].map((m) => m.slice(1).map((v) => v.split(', ').map(Number)));
  const low = [0, 1, 2].map((a) => Math.min(...extents.map((e) => e[0][a]))), high = [0, 1, 2].map((a) => Math.max(...extents.map((e) => e[1][a])));
  return { entries, layer, low, size: high.map((v, a) => 1000 * (v - low[a])) };
}
const near = (a, b, within) => a.forEach((v, i) => assert.ok(Math.abs(v - b[i]) <= within, `${a} is not ${b}`));

test('a model is checked, served for ever, and gives a product without a size its own', async () => {
  const p = await product({ name: 'Lamp' });
  assert.deepEqual([p.model, p.ar, p.size_mm, p.version], [null, null, null, 1]);
  const { json: with_model } = await must(200, put(p, lamp));
  assert.match(with_model.model, new RegExp(`^/p/${p.id}/model-[a-zA-Z0-9]{12}\\.glb$`));
  assert.deepEqual(with_model.size_mm, { w: 792, h: 1426, d: 379 });
  near(Object.values(with_model.model_extent_mm), [792, 1426, 379], 1);
  assert.equal(with_model.model_note, null);
  assert.ok(Math.abs(with_model.model_scale - 1) < 0.001);
  const got = await fetch(s.base + with_model.model);
  assert.equal(got.headers.get('content-type'), 'model/gltf-binary');
  assert.match(got.headers.get('cache-control'), /immutable/);
  assert.equal(got.headers.get('x-content-type-options'), 'nosniff');
  assert.deepEqual(Buffer.from(await got.arrayBuffer()), lamp);
  assert.equal((await fetch(s.base + with_model.model, { headers: { range: 'bytes=0-3' } })).status, 206);
  // A new one has another address, the old one is gone.
  const { json: again } = await must(200, put(p, tetrahedron(0.5, 1.426, 0.3)));
  assert.notEqual(again.model, with_model.model);
  assert.equal((await fetch(s.base + with_model.model)).status, 404);
  assert.equal(files(p).length, 1);
  const { json: without } = await must(200, call('DELETE', `/api/v1/products/${p.id}/model`));
  assert.deepEqual([without.model, without.model_scale, without.size_mm.h], [null, null, 1426]);
  await must(204, call('DELETE', `/api/v1/products/${p.id}`));
  assert.ok(!existsSync(join(s.data, 'products', p.id)));
});

test('a model of another size is scaled by the longest edge, and that is said', async () => {
  const p = await product({ name: 'Table', size_mm: { w: 800, h: 720, d: 600 } });
  const { json: cm } = await must(200, put(p, tetrahedron(80, 72, 60)));
  assert.ok(Math.abs(cm.model_scale - 0.01) < 1e-9);
  assert.match(cm.model_note, /measures 80000 × 72000 × 60000 mm and is shown 0\.01 times as large\.$/);
  const { json: odd } = await must(200, put(p, tetrahedron(0.8, 0.5, 0.6)));
  assert.match(odd.model_note, /an edge is off by 220 mm\.$/);
  const { low, size } = layerOf(Buffer.from(await (await fetch(s.base + odd.ar)).arrayBuffer()));
  near(size, [800, 500, 600], 0.1);
  near(low, [-0.4, 0, -0.3], 0.0001); // it stands on the floor, in its middle
});

test('what is no model is refused in words, and the old one stays', async () => {
  const p = await product({ name: 'Chair' });
  const { json: fine } = await must(200, put(p, tetrahedron(0.5, 0.9, 0.5)));
  const rows = [
    [Buffer.from('<script>alert(1)</script>'), /no binary glTF/],
    [lamp.subarray(0, 90_000), /cut off/],
    [tetrahedron(1, 1, 1, (d) => { d.buffers[0].uri = 'http://a.example/b.bin'; }), /other files/],
    [tetrahedron(1, 1, 1, (d) => { d.images = [{ uri: 'data:image/png;base64,AAAA' }]; }), /other files/],
    [tetrahedron(1, 1, 1, (d) => { d.extensionsRequired = ['KHR_draco_mesh_compression']; }), /without compression/],
    [tetrahedron(1, 1, 1, (d) => { d.accessors[0].count = 5; }), /longer than its data/],
    [tetrahedron(NaN, 1, 1), /nowhere/],
  ];
  for (const [bytes, words] of rows) assert.match(await problem(422, 'bad-model', put(p, bytes)), words);
  await problem(413, 'too-large', put(p, Buffer.alloc((1 << 20) + 1)));
  await problem(400, 'bad-field', call('PUT', `/api/v1/products/${p.id}/model`, { body: { upload: 'nothing' } }));
  await problem(404, 'not-found', put({ id: 'nobody' }, lamp));
  assert.equal((await must(200, call('GET', `/api/v1/products/${p.id}`))).json.model, fine.model);
  assert.equal(files(p).length, 1);
  assert.match(await (await fetch(`${s.base}/metrics`)).text(), /parlour_models_refused_total 8\n/);
});

test('Quick Look gets a block of the true size, or the model with its picture', async () => {
  const block = await product({ name: 'Box', size_mm: { w: 400, h: 1200, d: 300 } });
  const got = await fetch(s.base + block.ar);
  assert.equal(got.status, 200);
  assert.equal(got.headers.get('content-type'), 'model/vnd.usdz+zip');
  near(layerOf(Buffer.from(await got.arrayBuffer())).size, [400, 1200, 300], 0.01);
  const sized = await must(200, call('PATCH', `/api/v1/products/${block.id}`, { body: { size_mm: { w: 500, h: 1200, d: 300 } } }));
  near(layerOf(Buffer.from(await (await fetch(s.base + sized.json.ar)).arrayBuffer())).size, [500, 1200, 300], 0.01);
  const p = await product({ name: 'Lamp', size_mm: { w: 792, h: 1426, d: 379 } });
  await must(200, put(p, lamp));
  const answers = await Promise.all(Array.from({ length: 8 }, async () => Buffer.from(await (await fetch(`${s.base}/p/${p.id}/model.usdz`)).arrayBuffer())));
  for (const a of answers) assert.deepEqual(a, answers[0]);
  const { entries, layer, size } = layerOf(answers[0]);
  near(size, [792, 1426, 379], 1);
  assert.deepEqual(entries.map((e) => e.name), ['model.usda', 'textures/0.png']);
  assert.match(layer, /asset inputs:file = @textures\/0\.png@/);
  assert.equal((await fetch(`${s.base}/p/${(await product({ name: 'Idea' })).id}/model.usdz`)).status, 404);
  assert.equal((await fetch(`${s.base}/p/nobody/model.usdz`)).status, 404);
});

test('images are known by their bytes, put in order and taken away', async () => {
  const p = await product({ name: 'Shelf' });
  const add = async (bytes) => call('POST', `/api/v1/products/${p.id}/images`, { body: { upload: await upload(bytes) } });
  const { json: one } = await must(201, add(PNG));
  assert.equal(one.images.length, 1);
  const got = await fetch(s.base + one.images[0]);
  assert.deepEqual([got.status, got.headers.get('content-type')], [200, 'image/png']);
  assert.match(await problem(422, 'bad-image', add(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'))), /no PNG/);
  await problem(413, 'too-large', add(Buffer.concat([PNG, Buffer.alloc(65_536)])));
  await Promise.all([add(PNG), add(PNG), add(PNG)].map((answer) => must(201, answer))); // at once, none lost
  const { images } = (await must(200, call('GET', `/api/v1/products/${p.id}`))).json;
  assert.equal(new Set(images).size, 4);
  const order = [images[2], images[0]];
  assert.deepEqual((await must(200, call('PATCH', `/api/v1/products/${p.id}`, { body: { images: order } }))).json.images, order);
  for (const strange of ['http://a.example/x.png', '/p/other/image-x.png', `/p/${p.id}/../x.png`, 'javascript:alert(1)']) {
    await problem(400, 'bad-field', call('PATCH', `/api/v1/products/${p.id}`, { body: { images: [strange] } }));
  }
  const left = (await must(200, call('DELETE', `/api/v1/products/${p.id}/images/${order[0].split('/').at(-1)}`))).json.images;
  assert.deepEqual(left, [order[1]]);
  assert.equal((await fetch(s.base + order[0])).status, 404);
  await problem(404, 'not-found', call('DELETE', `/api/v1/products/${p.id}/images/image-none.png`));
  for (let n = 1; n < 12; n++) await must(201, add(PNG));
  await problem(409, 'too-many', add(PNG));
});

test('two reps never overwrite each other unseen', async () => {
  const p = await product({ name: 'Sofa' }), path = `/api/v1/products/${p.id}`;
  const first = await must(200, call('GET', path));
  const seen = { 'if-match': first.headers.get('etag') };
  assert.equal(seen['if-match'], '"1"');
  const { json, headers } = await must(200, call('PATCH', path, { body: { name: 'Sofa, red' }, headers: seen }));
  assert.deepEqual([json.version, headers.get('etag')], [2, '"2"']);
  assert.match(await problem(412, 'changed', call('PATCH', path, { token: tokens.marketer, body: { name: 'Sofa, blue' }, headers: seen })), /Somebody else/);
  await problem(412, 'changed', put(p, lamp, { headers: seen }));
  await problem(412, 'changed', call('DELETE', `${path}/model`, { headers: seen }));
  assert.equal((await must(200, call('GET', path))).json.name, 'Sofa, red');
  // At the same moment: one wins, the other is told.
  const now = { 'if-match': '"2"' };
  const both = await Promise.all(['a', 'b'].map((name) => call('PATCH', path, { body: { name }, headers: now })));
  assert.deepEqual(both.map((r) => r.status).sort(), [200, 412]);
});

test('a call to action leads nowhere but to the web, a mailbox or a telephone', async () => {
  for (const url of ['', 'https://shop.example/lamp', 'mailto:sales@example.com', 'TEL:+4681234567']) {
    assert.equal((await product({ name: 'Lamp', call_to_action: { label: 'Order', url } })).call_to_action.url, url);
  }
  for (const wrong of [{ url: 'javascript:alert(1)' }, { url: ' https://a.example' }, { url: '/relative' }, { url: 7 }, { label: 'x', more: 1 }, 7, []]) {
    await problem(400, 'bad-field', call('POST', '/api/v1/products', { body: { name: 'Lamp', call_to_action: wrong } }));
  }
});

test('only staff write, and no address leads out of the folder', async () => {
  const p = await product({ name: 'Desk' });
  const bare = { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{"upload":"x"}' };
  assert.equal((await fetch(`${s.base}/api/v1/products/${p.id}/model`, bare)).status, 401);
  assert.equal((await fetch(`${s.base}/api/v1/products/${p.id}/images`, { ...bare, method: 'POST' })).status, 401);
  assert.equal((await call('DELETE', `/api/v1/products/${p.id}/model`, { token: null })).status, 401);
  assert.equal((await fetch(`${s.base}/api/v1/uploads`, { method: 'POST', headers: { ...tus, 'Upload-Length': '3' } })).status, 401);
  for (const path of ['/p/../parlour.db', '/p/%2e%2e/model-x.glb', `/p/${p.id}/..%2f..%2fparlour.db`, `/p/${p.id}/.%2e`, `/p/${p.id}/ar-box.usdz`]) {
    assert.equal((await fetch(s.base + path)).status, 404, path);
  }
});
