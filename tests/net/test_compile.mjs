// parlour-pipeline compile, from the outside: inputs are made by GStreamer's own tools, the result is read
// back by rung_dump, decoded again and compared. Run: node test_compile.mjs PIPELINE RUNG_DUMP
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [pipeline, rungDump] = process.argv.slice(2);
const dir = mkdtempSync(join(tmpdir(), 'parlour-compile-'));
const file = (name) => join(dir, name);
const launch = (text) => execFileSync('gst-launch-1.0', ['-q', ...text.split(/\s+/).filter(Boolean)], { stdio: ['ignore', 'ignore', 'pipe'] });

const WIDTH = 320, HEIGHT = 180, FPS = 25, SECONDS = 5, BEEP = 0.1;
const PATCHES = [[81, 90, 240], [145, 54, 34], [41, 240, 110]]; // BT.601 red, green, blue

/** A flash and a beep at each whole second; three patches of pure colour; a bar that shows the frame's number. */
function makeSource() {
  const frames = [];
  for (let n = 0; n < FPS * SECONDS; n++) {
    const planes = [0, 1, 2].map((i) => Buffer.alloc((WIDTH * HEIGHT) >> (i ? 2 : 0), i ? 128 : (n % FPS) / FPS < BEEP ? 220 : 60));
    for (const [p, plane] of planes.entries()) {
      const half = p ? 1 : 0, w = WIDTH >> half;
      PATCHES.forEach((colour, k) => {
        for (let y = 0; y < 40 >> half; y++) plane.fill(colour[p], y * w + ((k * 80) >> half), y * w + ((k * 80 + 80) >> half));
      });
    }
    for (let y = 160; y < HEIGHT; y++) planes[0].fill(16, y * WIDTH, y * WIDTH + 2 * n + 2);
    frames.push(Buffer.from('FRAME\n'), ...planes);
  }
  writeFileSync(file('source.y4m'), Buffer.concat([Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F${FPS}:1 Ip A1:1 C420\n`), ...frames]));
  const pcm = Buffer.alloc(48000 * SECONDS * 2);
  for (let i = 0; i < 48000 * SECONDS; i++) {
    const t = (i % 48000) / 48000;
    pcm.writeInt16LE(Math.round(t < BEEP ? 16000 * Math.sin(2 * Math.PI * 1000 * t) : 0), 2 * i);
  }
  writeFileSync(file('source.pcm'), pcm);
}

const VIDEO = () => `filesrc location=${file('source.y4m')} ! y4mdec ! videoconvert !`;
const AUDIO = () => `filesrc location=${file('source.pcm')} ! rawaudioparse format=pcm pcm-format=s16le sample-rate=48000 num-channels=1 ! audioconvert !`;
const H264 = 'x264enc bframes=2 speed-preset=ultrafast ! h264parse ! queue !';
const AAC = 'avenc_aac ! aacparse ! queue !';

/** Writes "turn by 90 degrees" into the matrix of the first track header (ISO 14496-12 §8.3.2), as phones do. */
function turn(path) {
  const bytes = readFileSync(path), matrix = bytes.indexOf('tkhd') + 44;
  [0, 0x10000, 0, -0x10000, 0, 0].forEach((v, i) => bytes.writeInt32BE(v, matrix + 4 * i));
  writeFileSync(path, bytes);
}

function makeInputs() {
  makeSource();
  launch(`${VIDEO()} ${H264} mux. ${AUDIO()} ${AAC} mux. mp4mux name=mux ! filesink location=${file('film.mp4')}`);
  launch(`${VIDEO()} ${H264} mux. ${AUDIO()} ${AAC} mux. mp4mux faststart=true name=mux ! filesink location=${file('fast.mp4')}`);
  launch(`${VIDEO()} vp8enc deadline=1 ! queue ! mux. ${AUDIO()} audioresample ! opusenc ! queue ! mux. webmmux name=mux ! filesink location=${file('film.webm')}`);
  launch(`${VIDEO()} ${H264} mp4mux ! filesink location=${file('silent.mp4')}`);
  launch(`${AUDIO()} ${AAC} mp4mux ! filesink location=${file('sound.m4a')}`);
  launch(`videotestsrc num-buffers=30 ! video/x-raw,width=1920,height=1080,framerate=60/1 ! ${H264} matroskamux ! filesink location=${file('large.mkv')}`);
  launch(`videotestsrc num-buffers=30 ! video/x-raw,width=640,height=360 ! ${H264} qtmux ! filesink location=${file('upright.mov')}`);
  turn(file('upright.mov'));
  const cut = (from, to, share) => {
    const bytes = readFileSync(file(from));
    writeFileSync(file(to), bytes.subarray(0, Math.floor(bytes.length * share)));
  };
  cut('film.mp4', 'cut.mp4', 0.6);
  cut('fast.mp4', 'cut-fast.mp4', 0.6);
  cut('film.webm', 'cut.webm', 0.5);
  writeFileSync(file('empty.mp4'), '');
  writeFileSync(file('letter.mp4'), 'Dear customer, this is a letter and not a film.\n'.repeat(200));
  writeFileSync(file('noise.mp4'), Buffer.from(Array.from({ length: 50000 }, (_, i) => (i * 7919 * (i >> 3)) & 255)));
}

function compile(input, ...more) {
  const out = file(`${input.replaceAll('.', '-')}.presentation`);
  const r = spawnSync(pipeline, ['compile', file(input), '--out', out, ...more], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 120000 });
  const lines = r.stdout.trim().split('\n').map((l) => JSON.parse(l));
  return { out, code: r.status, lines, last: lines.at(-1), stderr: r.stderr };
}

function dump(out, name) {
  const suffix = name.includes('h264') ? 'h264' : name.includes('vp8') ? 'ivf' : 'ogg';
  const to = file(`${name}.${suffix}`);
  return { to, ...JSON.parse(execFileSync(rungDump, [join(out, name), to], { encoding: 'utf8' })) };
}

/** Decodes to raw bytes. */
function decode(path) {
  const raw = `${path}.raw`;
  const how = path.endsWith('.h264') ? 'h264parse ! avdec_h264 ! videoconvert ! video/x-raw,format=I420'
    : path.endsWith('.ivf') ? 'ivfparse ! vp8dec ! videoconvert ! video/x-raw,format=I420'
      : 'oggdemux ! opusdec ! audioconvert ! audio/x-raw,format=S16LE,rate=48000,channels=1';
  launch(`filesrc location=${path} ! ${how} ! filesink location=${raw}`);
  return readFileSync(raw);
}

/** Slice types of each picture in an Annex B stream (H.264 §7.3.3): no number but 0, 2, 5 and 7 without B. */
function sliceTypes(bytes) {
  const types = new Set();
  for (let i = 0; i + 8 < bytes.length; i++) {
    const nal = bytes[i] === 0 && bytes[i + 1] === 0 && bytes[i + 2] === 1 ? bytes[i + 3] & 31 : 0;
    if (nal !== 1 && nal !== 5) continue;
    let at = (i + 4) * 8;
    const bit = () => (bytes[at >> 3] >> (7 - (at++ & 7))) & 1;
    const ue = () => {
      let zeros = 0;
      while (!bit()) zeros++;
      let v = 1;
      while (zeros--) v = v * 2 + bit();
      return v - 1;
    };
    ue();
    types.add(ue() % 5);
  }
  return [...types];
}

function assertPicture(raw, what) {
  const size = (WIDTH * HEIGHT * 3) / 2;
  assert.equal(raw.length, size * FPS * SECONDS, `${what}: every frame comes back`);
  const flashes = [];
  for (let n = 0; n < FPS * SECONDS; n++) {
    const frame = raw.subarray(n * size, (n + 1) * size);
    PATCHES.forEach((colour, k) => {
      const x = k * 80 + 40, y = 20;
      const seen = [frame[y * WIDTH + x], frame[WIDTH * HEIGHT + (y / 2) * (WIDTH / 2) + x / 2], frame[WIDTH * HEIGHT * 1.25 + (y / 2) * (WIDTH / 2) + x / 2]];
      seen.forEach((v, i) => assert.ok(Math.abs(v - colour[i]) <= 8, `${what}: frame ${n} patch ${k} is ${seen}, not ${colour}`));
    });
    let bar = 0;
    while (bar < WIDTH && frame[170 * WIDTH + bar] < 38) bar++;
    assert.ok(Math.abs(bar / 2 - 1 - n) <= 1.5, `${what}: frame ${n} shows the bar of ${bar / 2 - 1}`);
    const lit = frame[100 * WIDTH + 160] > 140;
    if (lit && !(n > 0 && flashes.lit)) flashes.push(n / FPS);
    flashes.lit = lit;
  }
  return [...flashes];
}

function beeps(raw) {
  const found = [];
  let quiet = 0.5;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const loud = Math.abs(raw.readInt16LE(i)) > 6000;
    if (loud && quiet > 0.03) found.push(i / 2 / 48000);
    quiet = loud ? 0 : quiet + 1 / 48000;
  }
  return found;
}

/** Cycles a second in the loudest 30 ms of the 300 ms from there on. */
function pitch(raw, from) {
  const n = 1440, at = (i) => raw.readInt16LE(2 * i);
  let best = { energy: -1 };
  for (let start = Math.round(from * 48000); start < (from + 0.3) * 48000; start += 240) {
    let energy = 0, crossings = 0;
    for (let i = start; i < start + n; i++) {
      energy += Math.abs(at(i));
      crossings += at(i) < 0 !== at(i + 1) < 0 ? 1 : 0;
    }
    if (energy > best.energy) best = { energy, hertz: (crossings / 2) * (48000 / n) };
  }
  return best.hertz;
}

const tests = {
  'a film becomes a presentation that looks and sounds the same'() {
    writeFileSync(file('words.vtt'), 'WEBVTT\n\n00:00.000 --> 00:02.000\nHello\n');
    writeFileSync(file('chapters.json'), '[{"t":0,"title":"One"},{"t":2.5,"title":"Two"}]');
    const { out, code, lines, last } = compile('film.mp4', '--title', 'Fön & "Co"', '--captions', file('words.vtt'), '--lang', 'en', '--chapters', file('chapters.json'));
    assert.equal(code, 0);
    assert.equal(lines[0].event, 'started');
    assert.equal(last.event, 'ready');
    const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'));
    assert.equal(manifest.title, 'Fön & "Co"');
    assert.deepEqual([manifest.width, manifest.height, manifest.version], [WIDTH, HEIGHT, 1]);
    assert.ok(Math.abs(manifest.duration - SECONDS) < 0.1, `duration ${manifest.duration}`);
    assert.deepEqual(manifest.captions, [{ lang: 'en', label: 'English', file: 'captions-en.vtt' }]);
    assert.deepEqual(manifest.chapters, [{ t: 0, title: 'One' }, { t: 2.5, title: 'Two' }]);
    assert.deepEqual([...readFileSync(join(out, 'poster.jpg')).subarray(0, 2)], [0xff, 0xd8]);
    assert.deepEqual(manifest.rungs.filter((r) => r.kind === 'audio').map((r) => r.speed).sort((a, b) => a - b), [50, 75, 100, 125, 150, 200]);
    assert.ok(!readdirSync(out).some((name) => name.endsWith('.part')));

    const h264 = dump(out, 'video-h264-360.rung'), vp8 = dump(out, 'video-vp8.rung');
    assert.deepEqual(h264.keys, vp8.keys);
    assert.deepEqual(h264.keys, [0, 2, 4]);
    assert.deepEqual(sliceTypes(readFileSync(h264.to)).sort(), [0, 2]);
    const seen = assertPicture(decode(h264.to), 'h264');
    assert.deepEqual(assertPicture(decode(vp8.to), 'vp8'), seen);
    assert.deepEqual(seen, [0, 1, 2, 3, 4]);
    const sound = decode(dump(out, 'audio-100.rung').to);
    const heard = beeps(sound);
    assert.equal(heard.length, SECONDS, `beeps at ${heard}`);
    heard.forEach((t, i) => assert.ok(Math.abs(t - seen[i]) < 0.04, `beep ${t}, flash ${seen[i]}`));
    for (const speed of [50, 75, 125, 150, 200]) {
      const rung = dump(out, `audio-${speed}.rung`);
      assert.equal(rung.speed, speed);
      assert.ok(Math.abs((rung.duration * speed) / 100 - SECONDS) < 0.25, `${speed} %: ${rung.duration} s`);
      const slow = decode(rung.to), at = beeps(slow);
      assert.ok(at.length >= SECONDS, `${speed} %: beeps at ${at}`);
      const second = at.find((t) => (t * speed) / 100 > 0.8);
      assert.ok(Math.abs((second * speed) / 100 - 1) < 0.1, `${speed} %: second beep at ${second}`);
      assert.ok(Math.abs(pitch(slow, second) - 1000) < 60, `${speed} %: ${pitch(slow, second)} Hz`);
    }
  },
  'a webm and a film without sound'() {
    const webm = compile('film.webm');
    assert.equal(webm.last.event, 'ready', JSON.stringify(webm.last));
    assertPicture(decode(dump(webm.out, 'video-h264-360.rung').to), 'webm');
    const { out, code } = compile('silent.mp4');
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')).rungs.map((r) => r.codec), ['h264', 'vp8']);
  },
  'large pictures get a ladder, fast ones are halved, turned ones stand upright'() {
    const large = JSON.parse(readFileSync(join(compile('large.mkv').out, 'manifest.json'), 'utf8'));
    assert.deepEqual([large.width, large.height], [1920, 1080]);
    assert.deepEqual(large.rungs.map((r) => `${r.codec} ${r.width}x${r.height}`),
      ['h264 1920x1080', 'h264 1280x720', 'h264 640x360', 'vp8 1280x720']);
    const { frames } = dump(file('large-mkv.presentation'), 'video-h264-1080.rung');
    assert.ok(frames === 15 || frames === 16, `${frames} frames`);
    const upright = JSON.parse(readFileSync(join(compile('upright.mov').out, 'manifest.json'), 'utf8'));
    assert.deepEqual([upright.width, upright.height], [360, 640]);
  },
  'what is no whole film fails in words and leaves nothing behind'() {
    const wrong = {
      'empty.mp4': ['empty', /empty/], 'cut.mp4': ['cut_off', /cut off/], 'cut-fast.mp4': ['cut_off', /cut off/],
      'cut.webm': ['cut_off', /cut off/], 'letter.mp4': ['not_a_video', /not a video/], 'noise.mp4': ['not_a_video', /not a video/],
      'missing.mp4': ['no_file', /cannot be opened/],
    };
    for (const [name, [reason, words]] of Object.entries(wrong)) {
      const { out, code, last, stderr } = compile(name);
      assert.deepEqual([name, code, last.event, last.reason], [name, 1, 'failed', reason]);
      assert.match(last.message, words);
      assert.equal(stderr.trim().split('\n').length, 1, stderr);
      assert.ok(!existsSync(out));
    }
    assert.ok(!readdirSync(dir).some((name) => name.endsWith('.part')));
  },
  'a presentation is replaced whole, anything else is left alone'() {
    assert.equal(compile('silent.mp4').code, 0);
    writeFileSync(file('letters'), '');
    const r = spawnSync(pipeline, ['compile', file('silent.mp4'), '--out', dir], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    assert.equal(r.status, 1);
    assert.match(r.stdout, /out_exists/);
  },
  async 'a job ends when it is told to and when its input closes'() {
    for (const how of ['stop', 'close']) {
      const job = spawn(pipeline, ['compile', file('film.mp4'), '--out', file('stopped')], { stdio: ['pipe', 'pipe', 'ignore'] });
      let text = '';
      const ended = new Promise((done) => job.on('exit', done));
      await new Promise((seen) => job.stdout.on('data', (d) => { text += d; if (text.includes('started')) seen(); }));
      if (how === 'stop') job.stdin.write('{"command":"stop"}\n');
      else job.stdin.end();
      assert.equal(await ended, 1);
      assert.match(text, /"reason":"stopped"/);
      assert.ok(!existsSync(file('stopped')));
    }
  },
  'wrong usage is told apart'() {
    for (const args of [[], ['compile'], ['compile', 'x'], ['compile', 'x', '--out', 'y', '--lang', '../..'], ['ingest'], ['ingest', '--source', 'test'], ['dance']]) {
      assert.equal(spawnSync(pipeline, args, { stdio: 'ignore' }).status, 2, args.join(' '));
    }
  },
};

let failed = 0;
try {
  makeInputs();
  for (const [name, test] of Object.entries(tests)) {
    try {
      await test();
      console.log(`ok ${name}`);
    } catch (error) {
      failed++;
      console.log(`not ok ${name}\n${error.stack}`);
    }
  }
} finally {
  rmSync(dir, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
