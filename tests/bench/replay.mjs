// tests/bench/replay.mjs: how long the replay of an hour's visit takes: four people, of whom one or two talk at
// a time; two cameras of 1.5 Mbit/s that take turns on the stage every five minutes.
//   ./dev bench --only replay [--quick]      or: node tests/bench/replay.mjs [--build DIR] [--quick] [--keep DIR]
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, readdirSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const RATE = 48000, LOOP = 60, BOOT = '0a1b2c3d', SECOND = 1_000_000, START = 1000 * SECOND, WALL_MAX = 60;
const DRIFT = [35, -40, 20, -15]; // ppm of the four clocks

/** A minute of one person: 20 s of something like speech (syllables of harmonics and hiss), else a quiet room. */
function speech(index) {
  const samples = new Int16Array(RATE * LOOP);
  let seed = 77 + index, phase = 0;
  const noise = () => { seed = (Math.imul(seed, 1664525) + 1013904223) | 0; return seed / 2147483648; };
  const pitch = 95 + 35 * index, from = index * 15;
  for (let i = 0; i < samples.length; i++) {
    const t = i / RATE;
    let v = 0.0004 * noise();
    if (t >= from && t < from + 20 || t < from + 20 - LOOP) {
      const word = Math.max(0, Math.sin(2 * Math.PI * 0.6 * t + index)) ** 0.3, syllable = Math.max(0, Math.sin(2 * Math.PI * 3.7 * t)) ** 0.5;
      phase += 2 * Math.PI * pitch * (1 + 0.15 * Math.sin(2 * Math.PI * 1.1 * t)) / RATE;
      const vowel = 500 + 300 * Math.sin(2 * Math.PI * 2.1 * t);
      let tone = 0;
      for (let k = 1; k <= 16; k++) {
        const f = k * pitch;
        tone += Math.sin(k * phase) * (1 / (1 + ((f - vowel) / 150) ** 2) + 0.3 / (1 + ((f - 1800) / 300) ** 2));
      }
      v += word * (0.12 * syllable * tone + 0.03 * (1 - syllable) * noise());
    }
    samples[i] = Math.max(-32767, Math.min(32767, Math.round(v * 32767)));
  }
  return Buffer.from(samples.buffer);
}

/** Writes the recording of a visit of so many seconds; the last beep of speaker 5 is what sync is judged by. */
function makeRecording(dir, makeTrack, seconds) {
  const tracks = join(dir, 'visit/tracks');
  mkdirSync(tracks, { recursive: true });
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', 'testsrc2=s=1280x720:r=30:d=5', '-vf', 'noise=alls=4:allf=t,lutyuv=y=val*0.7', '-c:v', 'libvpx', '-deadline',
    'realtime', '-cpu-used', '8', '-g', '150', '-b:v', '1500k', '-maxrate', '1500k', '-auto-alt-ref', '0', join(dir, 'camera.ivf')]);
  const log = [];
  const say = (t, event, more = {}) => log.push(JSON.stringify({ t: START + t * SECOND, event, ...more }));
  say(-5, 'clock', { unix_us: 1_790_000_000 * SECOND, boot: `${BOOT}-0000-4000-8000-000000000000` });
  say(-5, 'visit', { id: 'v1', title: 'An hour' });
  say(-1, 'start');
  const track = (...args) => execFileSync(makeTrack, ['--dir', tracks, '--boot', BOOT, '--start', String(START), '--seconds', String(seconds), '--jitter', '15', ...args.map(String)]);
  for (let i = 0; i < 4; i++) {
    writeFileSync(join(dir, `${i}.s16`), speech(i));
    say(-1, 'source', { media: String(1001 + i), source: `s${i}`, participant: `p${i}`, credential: `c${i}`, name: `Person ${i}`, kind: 'camera', side: i < 2 ? 'presenter' : 'customer' });
    track('--source', 1001 + i, '--drift', DRIFT[i], '--clock-offset', i * 1e6, '--speech', join(dir, `${i}.s16`), ...(i < 2 ? ['--video', join(dir, 'camera.ivf'), '--fps', 30] : []));
  }
  for (let t = 0; t < seconds; t += 300) {
    say(t, 'stage', { main_video: String(1001 + (t / 300) % 2), main_audio: '0', video: [], audio: [] });
  }
  writeFileSync(join(dir, 'visit/log.jsonl'), log.map((l) => `${l}\n`).join(''));
}

/** How far sound is from where it belongs in the last minutes: the mix against the same speech put at its exact times. */
function soundOffset(dir, rungDump, seconds) {
  const rung = join(dir, 'replay/audio-100.rung'), ogg = join(dir, 'mix.ogg');
  execFileSync(rungDump, [rung, ogg], { maxBuffer: 1 << 30 });
  const from = Math.max(0, Math.floor((seconds - 70) / LOOP) * LOOP + 2);
  const raw = execFileSync('ffmpeg', ['-v', 'error', '-i', ogg, '-ss', String(from), '-t', '8', '-ac', '1', '-ar', String(RATE), '-f', 's16le', '-'], { maxBuffer: 1 << 30 });
  const heard = envelope(new Int16Array(raw.buffer, raw.byteOffset, raw.length / 2));
  const loop = new Int16Array(readFileSync(join(dir, '0.s16')).buffer), said = new Int16Array(RATE * 8);
  const pace = 1 + DRIFT[0] * 1e-6; // the publisher's clock runs so much faster: its samples come that much earlier
  for (let i = 0; i < said.length; i++) said[i] = loop[Math.round((from * RATE + i) * pace) % loop.length];
  const wanted = envelope(said);
  let best = -Infinity, at = 0;
  for (let lag = -300; lag <= 300; lag++) {
    let sum = 0;
    for (let i = 300; i < wanted.length - 300; i++) sum += wanted[i] * (heard[i + lag] ?? 0);
    if (sum > best) { best = sum; at = lag; }
  }
  return at; // ms
}

/** Loudness by the millisecond, less its mean. */
function envelope(samples) {
  const out = [];
  for (let i = 0; i + 48 <= samples.length; i += 48) {
    let sum = 0;
    for (let k = 0; k < 48; k++) sum += Math.abs(samples[i + k]);
    out.push(sum);
  }
  const mean = out.reduce((a, b) => a + b, 0) / out.length;
  return out.map((v) => v - mean);
}

export async function benchReplay({ build, quick, keep }) {
  const seconds = quick ? 600 : 3600, dir = keep ?? mkdtempSync(join(tmpdir(), 'parlour-bench-'));
  const tool = (name) => join(build, name), pipeline = tool('pipelines/parlour-pipeline');
  mkdirSync(dir, { recursive: true });
  if (!existsSync(join(dir, 'visit/log.jsonl'))) makeRecording(dir, tool('tests/net/make_track'), seconds);
  rmSync(join(dir, 'replay'), { recursive: true, force: true });
  const bytes = readdirSync(join(dir, 'visit/tracks')).reduce((n, f) => n + statSync(join(dir, 'visit/tracks', f)).size, 0);
  const load = loadavg()[0];
  const r = spawnSync('bash', ['-c', 'TIMEFORMAT="TIME %R %U %S"; time { "$0" "$@" & p=$!; while s=$(grep VmHWM /proc/$p/status); do m=$s; sleep 0.3; done; wait $p; e=$?; }; echo "PEAK $m" >&2; exit $e', pipeline, 'assemble', join(dir, 'visit'), '--out', join(dir, 'replay'), '--title', 'An hour'],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  if (r.status !== 0) throw new Error(`assemble ended with ${r.status}: ${r.stderr}`);
  const [, wall, user, system] = /TIME (\S+) (\S+) (\S+)/.exec(r.stderr).map(Number), peak = Number(/PEAK VmHWM:\s+(\d+)/.exec(r.stderr)?.[1] ?? 0) / 1024;
  const result = { seconds, recorded_mb: bytes / 1e6, wall, cpu: user + system, peak_mb: peak, load, sync_ms: soundOffset(dir, tool('tests/net/rung_dump'), seconds) };
  const good = wall * 3600 / seconds <= WALL_MAX && Math.abs(result.sync_ms) <= 40;
  console.log(`replay of ${seconds / 60} minutes, four speakers, ${result.recorded_mb.toFixed(0)} MB: ${wall.toFixed(1)} s (must be <= ${WALL_MAX} s an hour), ` +
    `${result.cpu.toFixed(1)} s of CPU, ${peak.toFixed(0)} MB, sound ${result.sync_ms} ms off at the end, load ${load.toFixed(1)}: ${good ? 'good' : 'NOT GOOD'}`);
  if (!keep) rmSync(dir, { recursive: true, force: true });
  return { ...result, good };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const args = process.argv.slice(2), value = (name, other) => (args.includes(name) ? args[args.indexOf(name) + 1] : other);
  const { good } = await benchReplay({ build: value('--build', 'build'), quick: args.includes('--quick'), keep: value('--keep', null) });
  process.exit(good ? 0 : 1);
}
