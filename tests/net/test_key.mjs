// A person before an uneven green wall, through the real compile, decoded again and held against the truth that
// made the film; and what has no wall.
//
//   node test_key.mjs PIPELINE RUNG_DUMP
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as keyed from './keyed.mjs';

const [pipeline, rungDump] = process.argv.slice(2);
const dir = mkdtempSync(join(tmpdir(), 'parlour-key-'));
const WHITE_SHIRT_MAX = 8;

function run(...args) {
  const { stdout, status } = spawnSync(pipeline, args, { encoding: 'utf8', timeout: 120_000, stdio: ['ignore', 'pipe', 'pipe'] });
  return { status, last: JSON.parse(stdout.trim().split('\n').at(-1) || '{}') };
}

const raw = (file, ...args) =>
  execFileSync('ffmpeg', ['-v', 'error', '-i', file, ...args, '-an', '-fps_mode', 'passthrough', '-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-'],
    { maxBuffer: 1 << 30 });

/** Errors of all frames but the first few, in which the encoders warm up. */
function judgeFilm(bytes, width, height, layout, what, inside = 1, edge = 9.5) {
  const size = width * height * 3 / 2, count = bytes.length / size, sums = { inside: 0, outside: 0, edge: 0, visible: 0 };
  const colour = { skin: [0, 0], shirt: [0, 0] };
  const patches = { skin: [0, 0, 0], shirt: [0, 0, 0] };
  let judged = 0;
  for (let n = 5; n < count; n += 4) {
    const shift = keyed.shiftAt(n);
    const stack = keyed.unstack(bytes.subarray(n * size, (n + 1) * size), width, height, layout);
    const e = keyed.judge(stack.alpha, keyed.truth(shift));
    for (const name of Object.keys(sums)) sums[name] += e[name];
    for (const [name, y] of [['skin', 130], ['shirt', 280]]) {
      stack.at(Math.round(keyed.WIDTH / 2 + shift), y).forEach((v, c) => { patches[name][c] += v; });
    }
    judged++;
  }
  for (const name of Object.keys(sums)) sums[name] /= judged;
  for (const name of Object.keys(colour)) {
    const wanted = keyed.yuv(keyed.COLOURS[name]);
    patches[name].forEach((v, c) => {
      assert.ok(Math.abs(v / judged - wanted[c]) <= WHITE_SHIRT_MAX, `${what}: ${name} is ${patches[name].map((p) => p / judged)}, not ${wanted}`);
    });
  }
  console.log(what, Object.entries(sums).map(([k, v]) => `${k} ${v.toFixed(3)}`).join(', '));
  assert.ok(sums.inside <= inside, `${what}: inside`);
  assert.ok(sums.outside <= 1, `${what}: outside`);
  assert.ok(sums.edge <= edge, `${what}: edge`); // of wisps of hair that move, with noise, in 4:2:0, after two encoders
  assert.ok(sums.visible <= 0.05, `${what}: ${sums.visible} % of the background can be seen`);
  return sums;
}

const tests = {
  async 'the rungs of a keyed film hold the true matte'() {
    const file = join(dir, 'green.mp4'), out = join(dir, 'green');
    await keyed.film(file);
    assert.equal(run('compile', file, '--out', out, '--key', 'auto').last.event, 'ready');
    const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')), layout = manifest.matte_layout;
    assert.deepEqual([manifest.width, manifest.height], [keyed.WIDTH, keyed.HEIGHT]);
    for (const rung of manifest.rungs.filter((r) => r.kind === 'video')) {
      assert.deepEqual([rung.width, rung.height], [layout.width, layout.height]);
      assert.ok(rung.bitrate <= 500_000, `${rung.file} takes ${rung.bitrate} bit/s`);
      const dump = join(dir, rung.codec === 'vp8' ? 'rung.ivf' : 'rung.h264');
      execFileSync(rungDump, [join(out, rung.file), dump]);
      const bytes = raw(dump);
      judgeFilm(bytes, rung.width, rung.height, layout, `${rung.codec} ${rung.bitrate / 1000 | 0} kbit/s:`);
      if (rung.codec === 'h264') { // full range taken for limited, and the other way round
        judgeFilm(raw(dump, '-vf', 'scale=in_range=full:out_range=limited'), rung.width, rung.height,
          layout, 'squeezed range:');
      }
    }
    // The poster shows a person before a calm ground, of the person's size, nothing green.
    const poster = execFileSync('ffmpeg', ['-v', 'error', '-i', join(out, 'poster.jpg'), '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-']);
    assert.equal(poster.length, keyed.WIDTH * keyed.HEIGHT * 3);
    const [r, g, b] = poster.subarray(3 * (10 * keyed.WIDTH + 10));
    assert.ok(Math.max(r, g, b) - Math.min(r, g, b) < 30, `the ground is ${[r, g, b]}`);
    assert.ok(existsSync(join(out, 'storyboard.vtt')));
  },

  async 'a dark wall, a given colour and a person who leaves'() {
    const file = join(dir, 'dark.mp4'), out = join(dir, 'dark');
    const nobody = new Float32Array(keyed.WIDTH * keyed.HEIGHT);
    await keyed.film(file, { wall: [20, 100, 32], alphaOf: (n) => (n < 25 ? keyed.truth(keyed.shiftAt(n)) : nobody) });
    assert.equal(run('compile', file, '--out', out, '--key', '146420').last.event, 'ready');
    const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')), layout = manifest.matte_layout;
    execFileSync(rungDump, [join(out, manifest.rungs.find((r) => r.codec === 'h264').file), join(dir, 'dark.h264')]);
    const bytes = raw(join(dir, 'dark.h264')), size = layout.width * layout.height * 3 / 2;
    judgeFilm(bytes.subarray(0, 24 * size), layout.width, layout.height, layout, 'dark wall:', 1, 11.5);
    const empty = keyed.unstack(bytes.subarray(40 * size, 41 * size), layout.width, layout.height, layout).alpha;
    assert.equal(empty.filter((a) => keyed.clamped(a) > 2 / 255).length, 0, 'nobody is there');
  },

  async 'a film without such a wall fails in words'() {
    const grey = join(dir, 'grey.mp4'), out = join(dir, 'none');
    await keyed.film(grey, { seconds: 1, wall: [150, 140, 130] });
    for (const [file, key, reason] of [[grey, 'auto', 'no_green_screen'], [join(dir, 'green.mp4'), 'ff00ff', 'no_green_screen'], [grey, '808080', 'bad_key']]) {
      const { last, status } = run('compile', file, '--out', out, '--key', key);
      assert.deepEqual([last.event, last.reason, status], ['failed', reason, 1]);
      assert.ok(last.message.length > 40);
      assert.ok(!existsSync(out));
    }
    assert.equal(spawnSync(pipeline, ['compile', grey, '--out', out, '--key', 'green']).status, 2);
  },

  async 'by hand: a stacked mp4'() {
    const out = join(dir, 'stacked.mp4');
    assert.equal(run('key', join(dir, 'green.mp4'), '--out', out).last.event, 'ready');
    const probe = JSON.parse(execFileSync('ffprobe', ['-v', 'error', '-of', 'json', '-show_streams', out], { encoding: 'utf8' }));
    assert.deepEqual(probe.streams.map((s) => s.codec_name).sort(), ['aac', 'h264']);
    const video = probe.streams.find((s) => s.codec_name === 'h264');
    assert.deepEqual([video.width, video.height], [320, 736]);
    assert.equal(raw(out).length / (320 * 736 * 1.5), 50);
    // And back: the person before a calm ground, of the person's size, as long, with the same sound.
    const flat = join(dir, 'flat.mp4');
    assert.equal(run('flatten', out, '--out', flat).last.event, 'ready');
    const back = JSON.parse(execFileSync('ffprobe', ['-v', 'error', '-of', 'json', '-show_streams', flat], { encoding: 'utf8' }));
    const picture = back.streams.find((s) => s.codec_name === 'h264');
    assert.deepEqual([picture.width, picture.height, back.streams.length], [keyed.WIDTH, keyed.HEIGHT, 2]);
    const stacked = raw(out), pictures = raw(flat), size = keyed.WIDTH * keyed.HEIGHT * 1.5;
    assert.equal(pictures.length / size, 50);
    const layout = JSON.parse(readFileSync(join(dir, 'green', 'manifest.json'), 'utf8')).matte_layout;
    for (const n of [10, 30]) {
      const truth = keyed.truth(keyed.shiftAt(n)), y = pictures.subarray(n * size, (n + 1) * size);
      const { at } = keyed.unstack(stacked.subarray(n * 320 * 736 * 1.5, (n + 1) * 320 * 736 * 1.5), 320, 736, layout);
      let ground = 0, person = 0, grounds = 0, persons = 0;
      for (let i = 0; i < truth.length; i++) {
        const x = i % keyed.WIDTH, row = (i / keyed.WIDTH) | 0;
        if (truth[i] === 0) {
          ground += Math.abs(y[i] - 168);
          grounds++;
        } else if (truth[i] >= 1) {
          person += Math.abs(y[i] - at(x, row)[0]);
          persons++;
        }
      }
      assert.ok(grounds > 1000 && persons > 1000);
      assert.ok(ground / grounds < 3, `the ground is off by ${ground / grounds}`);
      assert.ok(person / persons < 3, `the person is off by ${person / persons}`);
    }
    const not = run('flatten', join(dir, 'grey.mp4'), '--out', join(dir, 'no.mp4'));
    assert.deepEqual([not.last.reason, not.status], ['not_stacked', 1]);
    assert.ok(!existsSync(join(dir, 'no.mp4')));
    assert.equal(spawnSync(pipeline, ['flatten', out]).status, 2);
    assert.equal(run('key', join(dir, 'grey.mp4'), '--out', join(dir, 'no.mp4')).last.reason, 'no_green_screen');
    assert.ok(!existsSync(join(dir, 'no.mp4')));
  },
};

let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  try {
    await test();
    console.log(`ok ${name}`);
  } catch (e) {
    failed++;
    console.error(`not ok ${name}\n${e.stack}`);
  }
}
rmSync(dir, { recursive: true, force: true });
process.exit(failed ? 1 : 0);
