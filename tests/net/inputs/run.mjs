// The table of inputs: each row makes a file, compiles it and says what it must become; the result is decoded
// and compared. Run: node run.mjs PIPELINE RUNG_DUMP [--only WORDS] [--keep] [--tables video,audio]
//
// A table is a file beside this one with `export const rows = [row…]`:
//   name      a sentence
//   make      async (file, tools) => {}: writes the input; `file` has no suffix, return the real path if it gets one
//   options   more arguments of compile: a list, or (dir) => a list
//   expect    what is checked here, each member may be left out:
//     failed        the reason (nothing else is looked at then)
//     duration      seconds, or [seconds, tolerance]; tolerance 0.1
//     size          [width, height] of the manifest and the first H.264 rung
//     rungs         ['h264 1080 1920x1080', …] in order, video rungs only
//     fps           of the video rungs
//     patches       [[x, y, [r, g, b], tolerance]…] in shares of the picture, in every rung, in HLS and film.mp4
//     sync          milliseconds that a flash and its beep may be apart
//     flashes       how many
//     source        members of the manifest's `source`
//   check     async ({ out, manifest, tools, file, lines }) => {}: whatever else
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tools from './tools.mjs';

const args = process.argv.slice(2);
const option = (name, fallback) => (args.includes(name) ? args.splice(args.indexOf(name), 2)[1] : fallback);
const only = option('--only', '');
const tables = option('--tables', 'video,audio,life,memory,broken').split(',');
const keep = args.includes('--keep');
const [pipeline, rungDump] = args;
const AT_ONCE = 2;
const PATIENCE = 120_000;
const dir = mkdtempSync(join(tmpdir(), 'parlour-inputs-'));

/** The most memory that a process has held so far, in MB; 0 when it is gone. */
function heldBy(pid) {
  try {
    return Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1000;
  } catch {
    return 0;
  }
}

/** Runs compile; ends with its last line, whatever it was. `signal` tells of a crash, `memory` is its peak in MB. */
export async function compile(input, out, more = []) {
  const child = spawn(pipeline, ['compile', input, '--out', out, ...more], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '', stderr = '';
  child.stdout.on('data', (d) => { text += d; });
  child.stderr.on('data', (d) => { stderr += d; });
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
  let memory = 0;
  const look = setInterval(() => { memory = Math.max(memory, heldBy(child.pid)); }, 20);
  const [code, signal] = await new Promise((done) => child.on('close', (...r) => done(r)));
  clearTimeout(timer);
  clearInterval(look);
  const lines = text.split('\n').filter(Boolean).map((l) => JSON.parse(l));
  return { code, signal, lines, last: lines.at(-1), stderr, memory };
}

function dump(out, file, to) {
  return JSON.parse(execFileSync(rungDump, [join(out, file), to], { encoding: 'utf8' }));
}

const near = (what, value, wanted, tolerance) =>
  assert.ok(Math.abs(value - wanted) <= tolerance, `${what} is ${value}, not ${wanted} ± ${tolerance}`);

/** Byte ranges follow each other without a gap up to the file's end, and times add up. */
function checkPlaylist(out, file, duration) {
  const text = readFileSync(join(out, file), 'utf8');
  const media = /URI="([^"]+)"/.exec(text)[1];
  const ranges = [...text.matchAll(/BYTERANGE[:=]"?(\d+)@(\d+)/g)].map((m) => m.slice(1).map(Number));
  let at = 0;
  for (const [size, offset] of ranges) {
    assert.equal(offset, at, `${file}: a gap before ${offset}`);
    at += size;
  }
  assert.equal(at, statSync(join(out, media)).size, `${file}: all of ${media}`);
  const times = [...text.matchAll(/#EXTINF:([\d.]+)/g)].map((m) => Number(m[1]));
  assert.equal(times.length, ranges.length - 1);
  const target = Number(/TARGETDURATION:(\d+)/.exec(text)[1]);
  assert.ok(times.every((t) => Math.round(t) <= target), `${file}: a segment longer than ${target} s`);
  const sum = times.reduce((a, b) => a + b, 0);
  assert.ok(sum <= duration + 0.15, `${file}: ${sum} s of ${duration} s`);
  return sum;
}

function checkFrames(what, list, width, height, expect, fps) {
  const middle = list[Math.floor(list.length / 2)];
  for (const [x, y, colour, tolerance = 16] of expect.patches ?? []) {
    const seen = tools.colourAt(middle, width, height, x, y);
    seen.forEach((v, i) => assert.ok(Math.abs(v - colour[i]) <= tolerance, `${what}: at ${x}, ${y} is ${seen}, not ${colour} ± ${tolerance}`));
  }
  return expect.sync || expect.flashes ? tools.flashes(list, width, height, fps, ...(expect.flashAt ?? [])) : [];
}

function checkSync(what, seen, heard, expect) {
  if (!expect.sync) return;
  assert.ok(seen.length > 0 && heard.length > 0, `${what}: flashes at ${seen}, beeps at ${heard}`);
  const pairs = heard.filter((t) => t > seen[0] - 0.5 && t < seen.at(-1) + 0.5);
  assert.ok(pairs.length > 0, `${what}: flashes at ${seen}, beeps at ${heard}`);
  for (const t of pairs) {
    const off = Math.min(...seen.map((s) => Math.abs(s - t)));
    assert.ok(off * 1000 <= expect.sync, `${what}: beep at ${t}, flashes at ${seen}`);
  }
}

/** Each rung decoded, then film.mp4 and every variant of HLS. */
async function checkResult(out, manifest, expect) {
  const [wanted, tolerance = 0.1] = [expect.duration].flat();
  if (wanted !== undefined) near('duration', manifest.duration, wanted, tolerance);
  if (expect.size) assert.deepEqual([manifest.width, manifest.height], expect.size);
  for (const [key, value] of Object.entries(expect.source ?? {})) {
    assert.deepEqual([key, manifest.source?.[key]], [key, value]);
  }
  const pictures = manifest.rungs.filter((r) => r.kind === 'video');
  if (expect.rungs) assert.deepEqual(pictures.map((r) => `${r.codec} ${/-(\d+)\.rung/.exec(r.file)?.[1] ?? ''} ${r.width}x${r.height}`.replace('  ', ' ')), expect.rungs);
  let sound = [], keys, fps = expect.fps;
  const audio = manifest.rungs.find((r) => r.kind === 'audio' && r.speed === 100);
  if (audio && expect.sync) {
    dump(out, audio.file, `${out}.ogg`);
    sound = tools.beeps(await tools.samples(`${out}.ogg`));
  }
  for (const rung of pictures) {
    const to = `${out}-${rung.file}.${rung.codec === 'vp8' ? 'ivf' : 'h264'}`;
    const d = dump(out, rung.file, to);
    assert.deepEqual([d.width, d.height], [rung.width, rung.height]);
    keys ??= d.keys;
    assert.deepEqual(d.keys, keys, 'all rungs have key frames at the same times');
    near(`${rung.file}: frames a second`, d.frames / d.duration, fps ?? d.frames / d.duration, 0.6);
    const list = await tools.frames(to, rung.width, rung.height);
    assert.equal(list.length, d.frames, `${rung.file}: every frame comes back`);
    const seen = checkFrames(rung.file, list, rung.width, rung.height, expect, d.frames / d.duration);
    if (expect.flashes) assert.equal(seen.length, expect.flashes, `${rung.file}: flashes at ${seen}`);
    checkSync(rung.file, seen, sound, expect);
  }
  if (manifest.hls) await checkHls(out, manifest, expect, pictures, keys);
  if (manifest.mp4) await checkFilm(out, manifest, expect);
}

async function checkHls(out, manifest, expect, pictures, keys) {
  const master = readFileSync(join(out, manifest.hls), 'utf8');
  const lists = [...master.matchAll(/^(?!#)(.+\.m3u8)$/gm)].map((m) => m[1]);
  const h264 = pictures.filter((r) => r.codec === 'h264');
  assert.equal(lists.length, h264.length, 'a variant for each H.264 rung');
  const all = [...lists, ...[...master.matchAll(/URI="([^"]+)"/g)].map((m) => m[1])];
  near('the longest playlist', Math.max(...all.map((list) => checkPlaylist(out, list, manifest.duration))), manifest.duration, 0.15);
  for (const [i, rung] of h264.entries()) {
    const rows = await tools.frames(join(out, lists[i]), rung.width, rung.height);
    checkFrames(lists[i], rows, rung.width, rung.height, expect, 1);
    const { packets } = await tools.ffprobe(join(out, lists[i]), '-select_streams', 'v', '-show_packets', '-show_entries', 'packet=pts_time,flags');
    assert.equal(rows.length, packets.length);
    const at = packets.filter((p) => p.flags.startsWith('K')).map((p) => Number(p.pts_time) - Number(packets[0].pts_time));
    assert.equal(at.length, keys.length, `${lists[i]}: key frames at ${at}`);
    at.forEach((t, k) => near(`${lists[i]}: key frame ${k}`, t, keys[k], 0.002));
  }
}

async function checkFilm(out, manifest, expect) {
  const file = join(out, manifest.mp4);
  const bytes = readFileSync(file);
  assert.ok(bytes.indexOf('moov') < bytes.indexOf('mdat'), 'the index comes first');
  const info = await tools.ffprobe(file);
  const video = info.streams.find((s) => s.codec_type === 'video');
  assert.ok(Math.min(video.width, video.height) <= 720);
  const [n, d] = video.avg_frame_rate.split('/').map(Number);
  const list = await tools.frames(file, video.width, video.height);
  assert.equal(list.length, Number(video.nb_frames));
  const seen = checkFrames(manifest.mp4, list, video.width, video.height, expect, n / d);
  if (info.streams.some((s) => s.codec_type === 'audio') && expect.sync) {
    checkSync(manifest.mp4, seen, tools.beeps(await tools.samples(file)), expect);
  }
}

async function runRow(row, name) {
  const bare = join(dir, name), out = `${bare}.presentation`;
  const file = (await row.make(bare, tools)) ?? bare;
  const options = typeof row.options === 'function' ? row.options(dir) : row.options ?? [];
  const { code, signal, lines, last, stderr } = await compile(file, out, options);
  assert.equal(signal, null, `ended by ${signal}: ${stderr}`);
  if (row.expect.failed) {
    assert.deepEqual([last.event, last.reason, code], ['failed', row.expect.failed, 1], JSON.stringify(last));
    assert.ok(!existsSync(out));
    await row.check?.({ out, tools, file, lines, last });
    return;
  }
  assert.equal(last?.event, 'ready', JSON.stringify(last));
  assert.ok(!readdirSync(out).some((n) => n.endsWith('.part')), `left behind: ${readdirSync(out)}`);
  const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'));
  await checkResult(out, manifest, row.expect);
  await row.check?.({ out, manifest, tools, file, lines, last, dump });
}

async function loadRows() {
  const rows = [];
  for (const table of tables) {
    if (!existsSync(new URL(`./${table}.mjs`, import.meta.url))) continue;
    const loaded = await import(`./${table}.mjs`);
    rows.push(...loaded.rows.map((row, i) => ({ ...row, id: `${table}-${i + 1}`, compile, dir })));
  }
  return rows.filter((r) => r.name.includes(only));
}

const rows = await loadRows();
let failed = 0;
const queue = [...rows];
async function work() {
  for (let row; (row = queue.shift());) {
    const started = Date.now();
    try {
      const figure = row.run ? await row.run({ compile, dir: mkdtempSync(join(dir, `${row.id}-`)), tools }) : await runRow(row, row.id);
      console.log(`ok ${row.id} ${row.name} (${figure ? `${figure}, ` : ''}${((Date.now() - started) / 1000).toFixed(1)} s)`);
    } catch (error) {
      failed++;
      console.log(`not ok ${row.id} ${row.name}\n${error.stack.split('\n').slice(0, 12).join('\n')}`);
    }
    if (!keep) for (const n of readdirSync(dir).filter((n) => n.startsWith(`${row.id}.`) || n.startsWith(`${row.id}-`) || n === row.id)) rmSync(join(dir, n), { recursive: true, force: true });
  }
}
try {
  await Promise.all(Array.from({ length: AT_ONCE }, work));
} finally {
  if (keep) console.log(dir);
  else rmSync(dir, { recursive: true, force: true });
}
console.log(`${rows.length - failed} of ${rows.length} rows`);
process.exit(failed || rows.length === 0 ? 1 : 0);
