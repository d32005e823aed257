// parlour-pipeline assemble, from the outside: recordings are made by tests/tools/make_track, whose publishers
// have clocks and networks of their own; the replay is read back by rung_dump, decoded and compared.
// Run: node test_assemble.mjs PIPELINE RUNG_DUMP MAKE_TRACK
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [pipeline, rungDump, makeTrack] = process.argv.slice(2);
const dir = mkdtempSync(join(tmpdir(), 'parlour-assemble-'));
const file = (name) => join(dir, name);
const ffmpeg = (...args) => execFileSync('ffmpeg', ['-v', 'error', '-y', ...args], { stdio: ['ignore', 'ignore', 'inherit'] });

const SECOND = 1_000_000, START = 1000 * SECOND, BOOT = '0a1b2c3d';
const ADA = 1001n, SCREEN = 1002n, BOB = 1003n, CAT = 1004n;

/** One second of pictures: bright for the first 120 ms; `colour` tells clips apart. */
function makeClip(name, width, height, colour, ...codec) {
  ffmpeg('-f', 'lavfi', '-i', `color=${colour}:s=${width}x${height}:r=25:d=1`, '-f', 'lavfi', '-i', `color=white:s=${width}x${height}:r=25:d=1`,
    '-filter_complex', "[0][1]overlay=enable='lt(n,3)',noise=alls=6:allf=t", '-pix_fmt', 'yuv420p', ...codec, file(name));
}
const VP8 = ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-g', '25', '-b:v', '400k', '-auto-alt-ref', '0'];
const H264 = ['-c:v', 'libx264', '-profile:v', 'baseline', '-preset', 'ultrafast', '-g', '25', '-x264-params', 'aud=1:bframes=0:scenecut=0', '-f', 'h264'];

/** A white person (the middle half of the width) on black: 160×176 above a guard band of 16 rows with its patches,
 * above the matte. */
function makeStacked(name) {
  const box = (x, y, w, h, c) => `drawbox=x=${x}:y=${y}:w=${w}:h=${h}:color=${c}:t=fill`;
  ffmpeg('-f', 'lavfi', '-i', 'color=black:s=160x368:r=25:d=1', '-vf',
    [box(40, 0, 80, 176, '0xd0d0d0'), box(0, 176, 160, 16, 'gray'), box(20, 178, 40, 12, 'black'), box(100, 178, 40, 12, 'white'),
      box(40, 192, 80, 176, 'white')].join(','), '-pix_fmt', 'yuv420p', ...VP8, file(name));
}

function makeClips() {
  makeClip('camera.ivf', 320, 180, '0x404040', ...VP8);
  makeClip('screen.ivf', 640, 400, '0x205020', ...VP8);
  makeClip('camera.h264', 320, 180, '0x404040', ...H264);
  makeClip('screen.h264', 640, 400, '0x205020', ...H264);
  makeStacked('person.ivf');
}

let count = 0;
function recording() {
  const path = file(`visit-${++count}`);
  mkdirSync(join(path, 'tracks'), { recursive: true });
  const lines = [];
  const log = (t, event, more = {}) => lines.push(JSON.stringify({ t: Math.round(START + t * SECOND), event, ...more }));
  log(-5, 'clock', { unix_us: 1_790_000_000 * SECOND, boot: `${BOOT}-0000-4000-8000-000000000000` });
  log(-5, 'visit', { id: 'v1', title: 'A visit' });
  log(-1, 'start');
  return {
    path, log,
    raw: (line) => lines.push(line),
    source: (media, name, kind, side = 'presenter', credential = name, more = {}) => log(-1, 'source', { media: String(media), source: 's1', participant: 'p1', credential, name, kind, side, ...more }),
    stage: (t, media) => log(t, 'stage', { main_video: String(media), main_audio: '0', video: [], audio: [] }),
    /** `start` and `seconds` of the real clock. */
    track: (source, start, seconds, options = {}) => {
      const args = Object.entries({ boot: BOOT, ...options }).flatMap(([k, v]) => (v === true ? [`--${k}`] : [`--${k}`, k === 'video' ? file(v) : String(v)]));
      execFileSync(makeTrack, ['--dir', join(path, 'tracks'), '--source', String(source), '--start', String(START + start * SECOND), '--seconds', String(seconds), ...args]);
    },
    assemble() {
      writeFileSync(join(path, 'log.jsonl'), lines.map((l) => `${l}\n`).join(''));
      const out = `${path}.presentation`;
      const r = spawnSync(pipeline, ['assemble', path, '--out', out, '--title', 'A visit (replay)'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 120000 });
      const said = r.stdout.trim().split('\n').map((l) => JSON.parse(l));
      const manifest = existsSync(join(out, 'manifest.json')) ? JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')) : null;
      return { out, code: r.status, last: said.at(-1), manifest, stderr: r.stderr, video: manifest?.rungs.find((x) => x.kind === 'video')?.file };
    },
  };
}

function dump(out, name) {
  const to = join(dir, `${count}-${name}.${name.includes('h264') ? 'h264' : name.includes('vp8') ? 'ivf' : 'ogg'}`);
  return { to, ...JSON.parse(execFileSync(rungDump, [join(out, name), to], { encoding: 'utf8' })) };
}

/** Samples of the sound, mono. */
function sound(out, name = 'audio-100.rung') {
  const raw = execFileSync('ffmpeg', ['-v', 'error', '-i', dump(out, name).to, '-ac', '1', '-ar', '48000', '-f', 's16le', '-'], { maxBuffer: 1 << 30 });
  return new Int16Array(raw.buffer, raw.byteOffset, raw.length / 2);
}

/** Frames of an IVF file: {t, key, hash, width}. */
function ivf(path) {
  const b = readFileSync(path), frames = [];
  for (let at = 32; at + 12 < b.length;) {
    const n = b.readUInt32LE(at), data = b.subarray(at + 12, at + 12 + n), key = (data[0] & 1) === 0;
    frames.push({ t: b.readUInt32LE(at + 4) / 90000, key, hash: createHash('sha1').update(data).digest('hex'), width: key ? data.readUInt16LE(6) & 0x3fff : 0 });
    at += 12 + n;
  }
  return frames;
}

/** Mean luma of each frame, all scaled to one small size. */
function lumas(path) {
  const raw = execFileSync('ffmpeg', ['-v', 'fatal', '-i', path, '-vf', 'scale=32:18', '-pix_fmt', 'gray', '-fps_mode', 'passthrough', '-f', 'rawvideo', '-'], { maxBuffer: 1 << 30 });
  const size = 32 * 18;
  return Array.from({ length: raw.length / size }, (_, i) => raw.subarray(i * size, (i + 1) * size).reduce((a, v) => a + v, 0) / size);
}

function flashes(path) {
  const frames = ivf(path), light = lumas(path);
  assert.equal(light.length, frames.length, 'every frame decodes');
  return frames.filter((_, i) => light[i] > 160 && (i === 0 || light[i - 1] <= 160)).map((f) => f.t);
}

/** Starts of what is loud after at least 300 ms of silence, in seconds. */
function beeps(samples) {
  const found = [];
  let quiet = 1, peak = 0;
  for (const v of samples) peak = Math.max(peak, Math.abs(v));
  for (let i = 0; i < samples.length; i++) {
    const loud = Math.abs(samples[i]) > peak * 0.3;
    if (loud && quiet > 0.3) found.push(i / 48000);
    quiet = loud ? 0 : quiet + 1 / 48000;
  }
  return found;
}

/** Level of one frequency (Goertzel), against full scale. */
function tone(samples, hertz, from, to) {
  const a = Math.round(from * 48000), n = Math.round((to - from) * 48000), w = (2 * Math.PI * hertz) / 48000;
  let s1 = 0, s2 = 0;
  for (let i = 0; i < n; i++) {
    const s = samples[a + i] / 32768 * (0.5 - 0.5 * Math.cos(2 * Math.PI * i / n)) + 2 * Math.cos(w) * s1 - s2;
    s2 = s1;
    s1 = s;
  }
  return (4 / n) * Math.sqrt(Math.max(0, s1 * s1 + s2 * s2 - 2 * Math.cos(w) * s1 * s2));
}

const near = (a, b, by, what) => assert.ok(Math.abs(a - b) <= by, `${what}: ${a}, not ${b} ± ${by}`);

function assertSync(out, video, from, by = 0.04) {
  const seen = flashes(dump(out, video).to), heard = beeps(sound(out));
  assert.ok(seen.length >= 3 && heard.length >= 3, `flashes ${seen}, beeps ${heard}`);
  for (const t of seen.filter((x) => x > from)) {
    const beep = heard.reduce((best, b) => (Math.abs(b - t) < Math.abs(best - t) ? b : best), Infinity);
    near(beep, t, by, `beep beside the flash at ${t}`);
  }
}

const tests = {
  'one camera with its sound becomes a replay of the very same packets'() {
    const r = recording();
    r.source(ADA, 'Ada', 'camera');
    r.stage(-0.5, ADA);
    r.track(ADA, 3, 6, { tone: 1000, beep: true, video: 'camera.ivf' });
    r.log(6.2, 'question', { participant: 'p2', name: 'Bob', text: 'Does it float?' });
    r.log(99, 'end');
    const { out, code, last, manifest, video } = r.assemble();
    assert.equal(code, 0, JSON.stringify(last));
    assert.equal(last.event, 'ready');
    assert.equal(manifest.title, 'A visit (replay)');
    near(manifest.duration, 6, 0.1, 'the wait before the first packet is gone');
    assert.deepEqual([manifest.width, manifest.height], [320, 180]);
    assert.deepEqual(manifest.rungs.map((x) => x.file), ['video-vp8.rung', 'audio-100.rung']);
    assert.deepEqual(manifest.chapters.map((c) => c.title), ['Question: Does it float?'], 'closer than five seconds: one chapter');
    assert.deepEqual([...readFileSync(join(out, manifest.poster)).subarray(0, 2)], [0xff, 0xd8]);
    const frames = ivf(dump(out, video).to), source = ivf(file('camera.ivf'));
    assert.ok(frames.length >= 149, `${frames.length} frames`);
    frames.forEach((f, i) => assert.equal(f.hash, source[i % 25].hash, `frame ${i}`));
    assertSync(out, video, -1);
  },
  'the stage switches at key frames, sizes change, the screen stays sharp'() {
    for (const kind of ['ivf', 'h264']) {
      const r = recording();
      r.source(ADA, 'Ada', 'camera');
      r.source(SCREEN, 'Ada', 'screen');
      r.stage(-0.5, ADA);
      r.track(ADA, 0, 20, { tone: 440, video: `camera.${kind}` });
      r.track(SCREEN, 5.3, 8, { video: `screen.${kind}` });
      r.stage(6, SCREEN);
      r.stage(12, ADA);
      r.log(14, 'question', { name: 'Bob', text: 'Too close to be a chapter of its own?' });
      const { out, code, last, manifest, video } = r.assemble();
      assert.equal(code, 0, JSON.stringify(last));
      assert.deepEqual([manifest.width, manifest.height], [640, 400]);
      assert.deepEqual(manifest.chapters.map((c) => c.title), ['Ada’s camera', 'Screen', 'Question: Too close to be a chapter of its own?']);
      near(manifest.chapters[1].t, 6.3, 0.1, 'at the first key frame after the event');
      near(manifest.chapters[2].t, 12, 1.1, 'back');
      const rung = dump(out, video);
      assert.equal(rung.codec, kind === 'ivf' ? 'vp8' : 'h264');
      const light = lumas(rung.to);
      near(light.length, rung.frames, 0, 'all frames decode');
      if (kind === 'ivf') {
        const frames = ivf(rung.to), screen = new Set(ivf(file('screen.ivf')).map((f) => f.hash));
        const sharp = frames.filter((f) => screen.has(f.hash));
        near(sharp.length, 6 * 25, 27, 'frames of the screen as they were sent');
        assert.ok(sharp.every((f) => f.t > 6.2 && f.t < 13.1));
        assert.deepEqual([...new Set(frames.filter((f) => f.key).map((f) => f.width))], [320, 640]);
      } else {
        const bytes = readFileSync(rung.to), source = readFileSync(file('screen.h264'));
        const idr = source.indexOf(Buffer.from([0, 0, 1, 0x65]));
        assert.ok(idr > 0 && bytes.includes(source.subarray(idr, idr + 400)), 'the screen’s IDR slice as it was sent');
      }
    }
  },
  'two speakers whose clocks drift, over a jittery network, stay together'() {
    const r = recording();
    r.source(ADA, 'Ada', 'camera');
    r.source(BOB, 'Bob', 'camera', 'customer');
    r.stage(-0.5, ADA);
    const seconds = 90, rough = { jitter: 40, beep: true };
    r.track(ADA, 0, seconds, { ...rough, tone: 1000, drift: 400, video: 'camera.ivf', seed: 1, 'clock-offset': 5_000_000 });
    r.track(BOB, 0, seconds, { ...rough, tone: 600, drift: -400, seed: 2, 'clock-offset': -77_000_000 });
    const { out, video, last } = r.assemble();
    assert.equal(last.event, 'ready', JSON.stringify(last));
    assertSync(out, video, 60);
    const samples = sound(out), onset = (hertz, second) => {
      for (let t = second - 0.15; t < second + 0.15; t += 0.001) if (tone(samples, hertz, t, t + 0.01) > 0.05) return t;
      return NaN;
    };
    for (const second of [20, 50, 85]) {
      const ada = onset(1000, second), bob = onset(600, second);
      near(ada, bob, 0.04, `both beeps of second ${second}`);
      near(ada, second, 0.06, `second ${second}`);
    }
  },
  'who took the word back is neither heard nor seen'() {
    const r = recording();
    r.source(ADA, 'Ada', 'camera');
    r.source(BOB, 'Bob', 'camera', 'customer', 'cred-bob');
    r.source(CAT, 'Cat', 'microphone', 'customer', 'cred-cat');
    r.log(0, 'consent', { credential: 'cred-bob', recording: true });
    r.log(0, 'consent', { credential: 'cred-cat', recording: false });
    r.stage(-0.5, ADA);
    r.stage(2, BOB);
    r.track(ADA, 0, 8, { tone: 1000, video: 'camera.ivf' });
    r.track(BOB, 0, 8, { tone: 3000, video: 'screen.ivf' });
    r.track(CAT, 0, 8, { tone: 2000 });
    r.log(3, 'consent', { credential: 'cred-cat', recording: true });
    r.log(7, 'consent', { credential: 'cred-bob', recording: false });
    const { out, manifest, video } = r.assemble();
    const samples = sound(out);
    assert.ok(tone(samples, 1000, 1, 7) > 0.03, 'Ada is heard');
    assert.ok(tone(samples, 2000, 1, 7) > 0.03, 'Cat, who changed her mind, is heard');
    assert.ok(tone(samples, 3000, 1, 7) < 0.0005, `Bob: ${tone(samples, 3000, 1, 7)}`);
    assert.deepEqual([manifest.width, manifest.height], [320, 180]);
    assert.ok(ivf(dump(out, video).to).length > 190, 'Ada’s camera goes on');
    assert.deepEqual(manifest.chapters.map((c) => c.title), ['Ada’s camera']);
  },
  'loss, a torn tail and flipped bytes leave the rest in step'() {
    const r = recording();
    r.source(ADA, 'Ada', 'camera');
    r.stage(-0.5, ADA);
    r.track(ADA, 0, 20, { tone: 1000, beep: true, loss: 0.3, jitter: 20, video: 'camera.ivf' });
    for (const name of readdirSync(join(r.path, 'tracks'))) {
      const path = join(r.path, 'tracks', name), bytes = readFileSync(path);
      for (let at = 5000; at < bytes.length; at += 150001) bytes[at] ^= 0x41;
      writeFileSync(path, bytes);
      truncateSync(path, bytes.length - 33);
    }
    r.raw('{"t":1,"event":"sta');
    const { out, code, video, manifest, last } = r.assemble();
    assert.equal(code, 0, JSON.stringify(last));
    near(manifest.duration, 20, 0.5, 'length');
    const source = new Set(ivf(file('camera.ivf')).map((f) => f.hash)), rung = dump(out, video);
    assert.ok(ivf(rung.to).every((f) => source.has(f.hash)), 'no frame with a hole in it');
    assertSync(out, video, 0);
  },
  'a server that started anew in the middle, and one whose machine did'() {
    for (const other of [BOOT, 'ffee0011']) {
      const r = recording(), same = other === BOOT;
      r.source(ADA, 'Ada', 'camera');
      r.stage(-0.5, ADA);
      r.track(ADA, 0, 6, { tone: 1000, beep: true, video: 'camera.ivf' });
      // Ten seconds after the first packet by the wall; of the other machine's clock it is second -900.
      const at = same ? 10 : -900;
      r.log(at, 'clock', { unix_us: 1_790_000_000 * SECOND + 15 * SECOND, boot: other });
      const name = 'Ada again';
      r.log(at, 'source', { media: String(ADA), credential: 'x', name, kind: 'camera', side: 'presenter' });
      r.stage(at + 0.1, ADA);
      r.track(ADA, at + 1, 5, { tone: 1000, beep: true, video: 'camera.ivf', boot: other, epoch: 2 });
      const { out, manifest, video, last } = r.assemble();
      assert.equal(last.event, 'ready', JSON.stringify(last));
      near(manifest.duration, 16, 0.2, 'with the gap');
      assert.deepEqual(manifest.chapters.map((c) => c.title), ['Ada’s camera', 'Ada again’s camera']);
      near(manifest.chapters[1].t, 11, 0.2, 'second run');
      assertSync(out, video, -1);
      const frames = ivf(dump(out, video).to);
      assert.ok(frames.some((f, i) => i > 0 && f.t - frames[i - 1].t > 4), 'the last picture stays over the gap');
    }
  },
  'where two codecs meet the rarer one is coded again'() {
    const r = recording();
    r.source(ADA, 'Ada', 'camera');
    r.source(SCREEN, 'Ada', 'screen');
    r.stage(-0.5, ADA);
    r.stage(5, SCREEN);
    r.stage(8, ADA);
    r.track(ADA, 0, 14, { tone: 1000, beep: true, video: 'camera.ivf' });
    r.track(SCREEN, 4, 5, { video: 'screen.h264' });
    const { out, manifest, video, last } = r.assemble();
    assert.equal(last.event, 'ready', JSON.stringify(last));
    assert.deepEqual(manifest.rungs.filter((x) => x.kind === 'video').map((x) => [x.codec, x.width]), [['vp8', 640]]);
    const frames = ivf(dump(out, video).to);
    near(frames.filter((f) => f.t > 5.1 && f.t < 7.9).length, 70, 3, 'frames of the part that was coded again');
    assertSync(out, video, -1);
    const other = recording();
    other.source(ADA, 'Ada', 'camera');
    other.source(SCREEN, 'Ada', 'screen');
    other.stage(-0.5, ADA);
    other.stage(6, SCREEN);
    other.track(ADA, 0, 8, { tone: 1000, video: 'camera.h264' });
    other.track(SCREEN, 5, 5, { video: 'screen.ivf' });
    const b = other.assemble();
    assert.equal(b.video, 'video-h264.rung');
    near(lumas(dump(b.out, b.video).to).length, 250, 8, 'all frames decode');
  },
  'a virtual person is shown flat, before a calm ground, between cameras and screens'() {
    const r = recording();
    r.source(ADA, 'Ada', 'person');
    r.source(ADA, 'Ada', 'person', 'presenter', 'Ada', { stacked: true }); // its layout is told later
    r.source(SCREEN, 'Ada', 'screen');
    r.stage(-0.5, ADA);
    r.stage(4, SCREEN);
    r.track(ADA, 0, 5, { tone: 1000, video: 'person.ivf' });
    r.track(SCREEN, 3, 7, { video: 'screen.ivf' });
    const { out, manifest, video, last } = r.assemble();
    assert.equal(last.event, 'ready', JSON.stringify(last));
    assert.equal(manifest.matte_layout, undefined);
    assert.deepEqual([manifest.width, manifest.height], [640, 400], 'the largest picture');
    const { to } = dump(out, video);
    near(ivf(to).length, 250, 8, 'frames');
    const frame = execFileSync('ffmpeg', ['-v', 'error', '-i', to, '-frames:v', '1', '-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-'], { maxBuffer: 1 << 24 });
    assert.equal(frame.length, 160 * 176 * 1.5, 'the person alone');
    const luma = (x, y) => frame[y * 160 + x];
    for (const y of [10, 88, 165]) {
      near(luma(80, y), 195, 8, `the person at ${y}`);
      near(luma(10, y), 168, 8, `the ground at ${y}`);
    }
    assert.ok(manifest.poster);
  },
  'speakers come out about equally loud, and nothing clips'() {
    const r = recording();
    r.source(ADA, 'Ada', 'camera');
    r.source(BOB, 'Bob', 'microphone', 'customer');
    r.stage(-0.5, ADA);
    r.track(ADA, 0, 12, { tone: 500, level: 0.9, video: 'camera.ivf' });
    r.track(BOB, 0, 12, { tone: 900, level: 0.05 });
    const samples = sound(r.assemble().out);
    const ada = tone(samples, 500, 2, 10), bob = tone(samples, 900, 2, 10);
    assert.ok(ada / bob < 2 && bob / ada < 2, `Ada ${ada}, Bob ${bob}`);
    assert.ok(samples.every((v) => Math.abs(v) < 32000));
  },
  async 'enriching adds the other speeds and thumbnails, and may be killed or run twice'() {
    const r = recording();
    r.source(ADA, 'Ada', 'camera');
    r.stage(-0.5, ADA);
    r.track(ADA, 0, 8, { tone: 1000, beep: true, video: 'camera.ivf' });
    const { out } = r.assemble(), path = join(out, 'manifest.json');
    const before = readFileSync(path, 'utf8'), inode = statSync(join(out, 'audio-100.rung')).ino;
    const killed = spawn(pipeline, ['enrich', out], { stdio: ['pipe', 'pipe', 'ignore'] });
    const ended = new Promise((done) => killed.on('exit', done));
    await new Promise((seen) => killed.stdout.once('data', seen));
    setTimeout(() => killed.kill('SIGKILL'), 40);
    await ended;
    assert.equal(readFileSync(path, 'utf8'), before, 'nothing half-done is named');
    for (let i = 0; i < 2; i++) {
      const run = spawnSync(pipeline, ['enrich', out], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
      assert.equal(run.status, 0, run.stdout);
    }
    const manifest = JSON.parse(readFileSync(path, 'utf8'));
    assert.deepEqual(manifest.rungs.map((x) => x.speed ?? 0), [0, 100, 50, 75, 125, 150, 200]);
    assert.equal(manifest.storyboard, 'storyboard.vtt');
    assert.match(readFileSync(join(out, manifest.storyboard), 'utf8'), /#xywh=/);
    assert.equal(statSync(join(out, 'audio-100.rung')).ino, inode);
    assert.ok(!readdirSync(out).some((name) => name.endsWith('.part')), readdirSync(out).join(' '));
    for (const speed of [50, 75, 125, 150, 200]) {
      const rung = dump(out, `audio-${speed}.rung`);
      near((rung.duration * speed) / 100, manifest.duration, 0.25, `${speed} %`);
      const first = beeps(sound(out, `audio-${speed}.rung`)).map((t) => (t * speed) / 100);
      near(first[3], first[0] + 3, 0.1, `beeps at ${speed} %`);
    }
    const letter = spawnSync(pipeline, ['enrich', dir], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    assert.match(letter.stdout, /"reason":"no_file"/);
  },
  'enriching makes a film for players without WebRTC: copied from H.264 of one sender, encoded from the rest'() {
    for (const [clips, copied] of [[['camera.h264'], true], [['camera.ivf'], false], [['camera.h264', 'screen.h264'], false]]) {
      const r = recording();
      clips.forEach((clip, i) => {
        r.source(ADA + BigInt(i), 'Ada', i ? 'screen' : 'camera');
        r.stage(i * 4 - 0.5, ADA + BigInt(i));
        r.track(ADA + BigInt(i), 0, 9, { video: clip, ...(i ? {} : { tone: 1000, beep: true }) });
      });
      const { out, video } = r.assemble();
      const run = spawnSync(pipeline, ['enrich', out], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
      assert.equal(run.status, 0, run.stdout);
      assert.match(run.stdout, /"stage": ?"film"/);
      const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'));
      assert.deepEqual([manifest.hls, manifest.mp4], ['hls.m3u8', 'film.mp4']);
      for (const name of ['film.mp4', 'hls.m3u8']) {
        const { streams, format } = JSON.parse(execFileSync('ffprobe', ['-v', 'error', '-show_streams', '-show_format', '-of', 'json', join(out, name)], { encoding: 'utf8' }));
        assert.deepEqual(streams.map((x) => x.codec_name).sort(), ['aac', 'h264'], name);
        near(Number(format.duration), manifest.duration, 0.1, `${name} of ${clips}`);
        const raw = execFileSync('ffmpeg', ['-v', 'error', '-i', join(out, name), '-vf', 'scale=64:36', '-f', 'rawvideo', '-pix_fmt', 'gray', '-vsync', '0', '-'], { maxBuffer: 1 << 28 });
        assert.ok(raw.length / (64 * 36) > manifest.duration * 25 * 0.9, `${name} of ${clips}: ${raw.length / 64 / 36} pictures`);
      }
      const film = execFileSync('ffmpeg', ['-v', 'error', '-i', join(out, 'film.mp4'), '-map', '0:v', '-c', 'copy', '-bsf:v', 'h264_mp4toannexb,filter_units=remove_types=6-9', '-f', 'framemd5', '-'], { encoding: 'utf8' });
      const hashes = (text) => text.split('\n').filter((l) => l && !l.startsWith('#')).map((l) => l.split(',').at(-1).trim());
      if (copied) {
        const rung = execFileSync('ffmpeg', ['-v', 'error', '-i', dump(out, video).to, '-c', 'copy', '-bsf:v', 'filter_units=remove_types=6-9', '-f', 'framemd5', '-'], { encoding: 'utf8' });
        assert.deepEqual(new Set(hashes(film)), new Set(hashes(rung)), 'the same slices');
      }
      // Bright for 120 ms at each whole second, as the beep.
      const flashes = execFileSync('ffmpeg', ['-v', 'error', '-i', join(out, 'film.mp4'), '-vf', "select='gt(scene,0.2)',metadata=print:file=-", '-an', '-f', 'null', '-'], { encoding: 'utf8' })
        .match(/pts_time:[\d.]+/g).map((x) => Number(x.slice(9)));
      assert.ok(flashes.filter((t) => Math.abs(t - Math.round(t)) < 0.06).length >= 7, `${flashes}`);
      if (clips.length > 1) {
        const at = (t) => execFileSync('ffmpeg', ['-v', 'error', '-ss', String(t), '-i', join(out, 'film.mp4'), '-frames:v', '1', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-vf', 'scale=1:1', '-'], { encoding: null });
        const before = at(2.5), after = at(6.5);
        assert.ok(after[1] - after[0] > 15 && Math.abs(before[1] - before[0]) < 12, `${[...before]} ${[...after]}`);
      }
    }
  },
  'sound alone, and nothing at all'() {
    const r = recording();
    r.source(ADA, 'Ada', 'microphone');
    r.track(ADA, 0, 4, { tone: 500 });
    const { out, manifest, last } = r.assemble();
    assert.equal(last.event, 'ready', JSON.stringify(last));
    assert.deepEqual(manifest.rungs.map((x) => x.file), ['video-vp8.rung', 'audio-100.rung']);
    assert.deepEqual([manifest.width, manifest.height], [1280, 720], 'a card with the title');
    const card = dump(out, 'video-vp8.rung'), pictures = ivf(card.to);
    assert.ok(Math.abs(card.duration - 4) < 0.2 && pictures.length === 2, JSON.stringify(card));
    assert.ok(pictures.every((f) => f.key && f.width === 1280), 'it can be begun anywhere');
    assert.ok(manifest.poster && existsSync(join(out, 'poster.jpg')));
    const seen = execFileSync('ffmpeg', ['-v', 'error', '-i', card.to, '-frames:v', '1', '-f', 'rawvideo', '-pix_fmt', 'gray', '-'], { maxBuffer: 1 << 24 });
    assert.ok(seen.length === 1280 * 720 && seen.filter((v) => v > 180).length > 500, 'words are on it');
    const run = spawnSync(pipeline, ['enrich', out], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 120000 });
    assert.equal(run.status, 0, run.stderr);
    const probe = JSON.parse(execFileSync('ffprobe', ['-v', 'error', '-of', 'json', '-show_streams', join(out, 'film.mp4')], { encoding: 'utf8' }));
    assert.deepEqual(probe.streams.map((x) => x.codec_name).sort(), ['aac', 'h264']);
    for (const x of probe.streams) assert.ok(Math.abs(Number(x.duration) - 4) < 0.3, `${x.codec_name} lasts ${x.duration} s`);
    const empty = recording().assemble();
    assert.deepEqual([empty.code, empty.last.event, empty.last.reason], [1, 'failed', 'empty']);
    assert.match(empty.last.message, /recorded/);
    assert.ok(!existsSync(empty.out));
    const gone = spawnSync(pipeline, ['assemble', file('nowhere'), '--out', file('x')], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    assert.match(gone.stdout, /"reason":"no_file"/);
  },
};

let failed = 0;
const only = process.env.ONLY;
try {
  makeClips();
  for (const [name, test] of Object.entries(tests)) {
    if (only && !name.includes(only)) continue;
    const begun = Date.now();
    try {
      await test();
      console.log(`ok ${name} (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
    } catch (error) {
      failed++;
      console.log(`not ok ${name}\n${error.stack}`);
    }
  }
} finally {
  if (process.env.KEEP) console.log(dir);
  else rmSync(dir, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
