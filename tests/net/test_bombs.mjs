// Small files that promise to be huge, inputs without an end, and converters that hang or swell: each ends its
// own job, soon and in words, and the server goes on serving.
//
//   PARLOUR_BUILD=build node --test tests/net/test_bombs.mjs
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { crc32, deflateSync } from 'node:zlib';
import { PATIENCE, PIPELINE, Server, until } from './lib/server.mjs';

const dir = mkdtempSync(join(tmpdir(), 'parlour-bombs-'));
mkdirSync(join(dir, 'out'));
after(() => rmSync(dir, { recursive: true, force: true }));

const ffmpeg = (...args) => execFileSync('ffmpeg', ['-v', 'error', '-y', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });

// ---- the bombs ----

/** CRC-32 as PNG wants it, whatever node's version. */
function crc(bytes) {
  if (crc32) return crc32(bytes);
  let c = ~0;
  for (const b of bytes) {
    c ^= b;
    for (let i = 0; i < 8; i++) c = (c >>> 1) ^ (c & 1 ? 0xedb88320 : 0);
  }
  return ~c >>> 0;
}

/** 30000 by 30000 black pixels: 110 KB that decode to gigabytes. */
function hugePng(file) {
  const side = 30000;
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const head = Buffer.alloc(4), tail = Buffer.alloc(4);
    head.writeUInt32BE(data.length);
    tail.writeUInt32BE(crc(body));
    return Buffer.concat([head, body, tail]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 1; // one bit of grey a pixel
  writeFileSync(file, Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(side * (Math.ceil(side / 8) + 1)), { level: 9 })), chunk('IEND', Buffer.alloc(0))]));
}

/** Every SOF marker now says 65500 by 65500. */
function hugeJpeg(bytes) {
  for (let at = 0; at + 9 < bytes.length; at++) {
    if (bytes[at] === 0xff && (bytes[at + 1] === 0xc0 || bytes[at + 1] === 0xc2) && bytes[at + 2] === 0) {
      bytes.writeUInt16BE(65500, at + 5);
      bytes.writeUInt16BE(65500, at + 7);
    }
  }
  return bytes;
}

const bombs = {
  'a PNG of 900 million pixels': (f) => { hugePng(`${f}.png`); return `${f}.png`; },
  'a JPEG of 4 thousand million pixels': (f) => {
    ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=64x64', '-frames:v', '1', `${f}.jpg`);
    writeFileSync(`${f}.jpg`, hugeJpeg(readFileSync(`${f}.jpg`)));
    return `${f}.jpg`;
  },
  'a film of such pictures': (f) => {
    ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=64x64:r=10:d=2', '-c:v', 'mjpeg', `${f}.mkv`);
    writeFileSync(`${f}.mkv`, hugeJpeg(readFileSync(`${f}.mkv`)));
    return `${f}.mkv`;
  },
  'an H.264 film of 8192 by 8192': (f) => {
    ffmpeg('-f', 'lavfi', '-i', 'color=black:s=8192x8192:r=5:d=0.4', '-c:v', 'libx264', '-preset', 'ultrafast', `${f}.mp4`);
    return `${f}.mp4`;
  },
  'two frames that last a day': (f) => {
    ffmpeg('-f', 'lavfi', '-i', 'color=black:s=320x180:r=1/40000', '-frames:v', '3', '-c:v', 'libx264', `${f}.mp4`);
    return `${f}.mp4`;
  },
  'a raw picture that promises 30000 by 30000': (f) => {
    writeFileSync(`${f}.y4m`, 'YUV4MPEG2 W30000 H30000 F25:1 Ip A1:1 C420\nFRAME\nhello');
    return `${f}.y4m`;
  },
  'a pipe that nobody writes to': (f) => { execFileSync('mkfifo', [`${f}.mp4`]); return `${f}.mp4`; },
  'a device without an end': () => '/dev/zero',
};

/** Their own headers say it: no decoder is asked. */
const promising = /a PNG|a JPEG|a raw picture|8192 by 8192/;

/** Ends with the last line of the job; tells the most memory that was seen. */
async function compile(input, out, ...more) {
  const child = spawn(PIPELINE, ['compile', input, '--out', out, ...more], { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '', peak = 0;
  child.stdout.on('data', (d) => { text += d; });
  const watch = setInterval(() => {
    try {
      const [, resident, shared] = readFileSync(`/proc/${child.pid}/statm`, 'utf8').split(' ').map(Number);
      peak = Math.max(peak, (resident - shared) * 4096);
    } catch { /* over */ }
  }, 20);
  const limit = setTimeout(() => child.kill('SIGKILL'), 20_000 * PATIENCE);
  const [, signal] = await new Promise((done) => child.on('close', (...r) => done(r)));
  clearInterval(watch);
  clearTimeout(limit);
  const lines = text.split('\n').filter(Boolean);
  return { signal, last: lines.length > 0 ? JSON.parse(lines.at(-1)) : {}, peak };
}

for (const [name, make] of Object.entries(bombs)) {
  test(`${name} ends its job in words`, { timeout: 60_000 * PATIENCE }, async () => {
    const out = join(dir, 'out/film');
    const started = Date.now();
    const { signal, last, peak } = await compile(make(join(dir, 'bomb')), out);
    console.log(`${name}: ${last.reason}: ${last.message} (${Date.now() - started} ms, ${peak >> 20} MB)`);
    assert.equal(signal, null);
    assert.equal(last.event, 'failed');
    assert.ok(last.message.length > 20 && !/internal/.test(last.reason), last.message);
    if (promising.test(name)) assert.match(last.reason, /^(too_big|not_a_video)$/); // a photograph is no film, whatever its size
    assert.ok(peak < 2 ** 30, `${peak >> 20} MB`);
    assert.deepEqual(readdirSync(join(dir, 'out')), [], 'left over');
    for (const file of readdirSync(dir)) if (file.startsWith('bomb')) rmSync(join(dir, file));
  });
}

test('a poster of 900 million pixels is refused before it is decoded', async () => {
  const song = join(dir, 'song.m4a'), poster = join(dir, 'poster.png');
  ffmpeg('-f', 'lavfi', '-i', 'sine=d=2', '-c:a', 'aac', song);
  hugePng(poster);
  const { last, peak } = await compile(song, join(dir, 'out/film'), '--poster', poster);
  assert.deepEqual([last.event, last.reason], ['failed', 'too_big'], last.message);
  assert.match(last.message, /30000 by 30000/);
  assert.ok(peak < 2 ** 30, `${peak >> 20} MB`);
  assert.deepEqual(readdirSync(join(dir, 'out')), [], 'left over');
});

// ---- a server with little patience ----

async function withServer(options, body) {
  const server = await Server.start(options);
  try {
    await body(server);
    assert.ok((await fetch(`${server.base}/readyz`)).ok, 'the server serves on');
    for (const places of ['presentations', 'jobs'].map((n) => join(server.data, n))) {
      assert.deepEqual(existsSync(places) ? readdirSync(places) : [], [], 'left over');
    }
  } finally {
    await server.stop();
  }
}

async function create(server, file) {
  const bytes = readFileSync(file);
  const made = await fetch(`${server.base}/api/v1/uploads`, { method: 'POST',
    headers: { 'tus-resumable': '1.0.0', authorization: `Bearer ${server.token}`, 'upload-length': String(bytes.length) } });
  const location = made.headers.get('location');
  const sent = await fetch(server.base + location, { method: 'PATCH', body: bytes,
    headers: { 'tus-resumable': '1.0.0', 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' } });
  assert.equal(sent.status, 204);
  return server.must('POST', '/api/v1/walkthroughs', { upload: location.split('/').at(-1), title: 'Film' });
}

const failed = (server, id) => until('the job to fail', 40_000, async () => {
  const w = await server.must('GET', `/api/v1/walkthroughs/${id}`);
  return w.state === 'failed' && w;
});

function converter(server) {
  return readdirSync('/proc').filter((n) => /^\d+$/.test(n)).find((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return command[0].endsWith('parlour-pipeline') && command.some((word) => word.startsWith(server.data));
    } catch {
      return false;
    }
  });
}

test('a converter that hangs is ended, and the film is said to be at fault', async () => {
  const film = join(dir, 'film.mp4');
  ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=640x360:r=30:d=20', '-c:v', 'libx264', '-preset', 'ultrafast', film);
  await withServer(['--job-silence', '5'], async (server) => {
    const made = await create(server, film);
    const pid = await until('its converter', 5000, () => converter(server));
    process.kill(Number(pid), 'SIGSTOP');
    const w = await failed(server, made.id);
    assert.equal(w.reason, 'too_long');
    assert.match(w.error, /got stuck while reading this file/);
    assert.ok(!existsSync(`/proc/${pid}`));
  });
});

test('a converter that swells is ended', async () => {
  const film = join(dir, 'large.mp4');
  ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=1920x1080:r=30:d=20', '-c:v', 'libx264', '-preset', 'ultrafast', film);
  assert.ok(statSync(film).size > 0);
  await withServer(['--job-memory', '64M'], async (server) => {
    const w = await failed(server, (await create(server, film)).id);
    assert.equal(w.reason, 'too_much_memory');
    assert.match(w.error, /memory/);
  });
});
