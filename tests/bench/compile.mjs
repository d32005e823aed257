// tests/bench/compile.mjs: parlour-pipeline compile beside ffmpeg, which makes the same things from the same film in
// the same run: three H.264 rungs, VP8, six Opus speeds, AAC, HLS and mp4 as copies. In turns, twice; CPU time
// (user and system) counts, since other programs run on the machine too.
//   ./dev bench --only compile [--quick]      or: node tests/bench/compile.mjs [--build DIR] [--quick]
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

const SPEEDS = [0.5, 0.75, 1.25, 1.5, 2];
const ffmpeg = ['ffmpeg', '-hide_banner', '-loglevel', 'error', '-nostdin', '-y'];

function makeFilm(file, seconds) {
  execFileSync(ffmpeg[0], [...ffmpeg.slice(1), '-f', 'lavfi', '-i', `testsrc2=s=1920x1080:r=30:d=${seconds}`,
    '-f', 'lavfi', '-i', `sine=f=440:r=48000:d=${seconds}`, '-vf', 'noise=alls=6:allf=t,format=yuv420p', '-c:v', 'libx264',
    '-preset', 'ultrafast', '-crf', '16', '-c:a', 'aac', '-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709', file]);
}

/** The same encoders with the same words as pipelines/compile/compile_video.c. */
function ffmpegArguments(input, out) {
  const h264 = Math.min(Math.max(availableParallelism(), 2), 4), vp8 = Math.min(Math.max(availableParallelism() >> 2, 1), 4);
  const x264 = (label, name, kbit) => ['-map', label, '-c:v', 'libx264', '-preset', 'veryfast',
    '-profile:v', 'baseline', '-crf', '23', '-maxrate', `${kbit}k`, '-bufsize', `${kbit * 1.5}k`, '-bf', '0', '-refs', '2', '-threads', h264,
    '-x264-params', 'keyint=100000:scenecut=0:open-gop=0', '-force_key_frames', 'expr:gte(t,n_forced*2)', `${out}/${name}.mp4`];
  const tempo = SPEEDS.map((s, i) => `[s${i}]atempo=${s}[t${i}]`).join(';');
  const graph = `[0:v]scale=out_color_matrix=bt601,split[a][b];[b]scale=1280:720:flags=bilinear,split=3[c][v][d];[d]scale=640:360:flags=bilinear[e];` +
    `[0:a]loudnorm=I=-16:linear=true,aresample=48000,asplit=${SPEEDS.length + 2}[n][m]${SPEEDS.map((_, i) => `[s${i}]`).join('')};${tempo}`;
  const opus = (label, name, rate) => ['-map', label, '-ac', 2, '-c:a', 'libopus', '-b:a', rate, '-compression_level', 5, `${out}/${name}.ogg`];
  return ['-i', input, '-filter_complex', graph, ...x264('[a]', '1080', 4950), ...x264('[c]', '720', 2200), ...x264('[e]', '360', 550),
    '-map', '[v]', '-c:v', 'libvpx', '-deadline', 'good', '-cpu-used', 5, '-crf', 18, '-qmin', 4, '-qmax', 56, '-b:v', '2200k', '-threads', vp8,
    '-auto-alt-ref', 0, '-lag-in-frames', 0, '-static-thresh', 100, '-g', 100000, '-force_key_frames', 'expr:gte(t,n_forced*2)', `${out}/vp8.webm`,
    ...opus('[n]', '100', '96k'), ...SPEEDS.flatMap((s, i) => opus(`[t${i}]`, s * 100, '64k')),
    '-map', '[m]', '-ac', 2, '-c:a', 'aac', '-b:a', '128k', `${out}/sound.mp4`].map(String);
}

function ffmpegCopies(out) {
  const hls = ['1080', '720', '360', 'sound'].flatMap((n, i) => ['-map', `${i}:0`, '-c', 'copy', '-f', 'hls', '-hls_time', '4', '-hls_playlist_type', 'vod',
    '-hls_segment_type', 'fmp4', '-hls_flags', 'single_file', '-hls_fmp4_init_filename', `i${n}.mp4`, `${out}/h${n}.m3u8`]);
  return ['1080', '720', '360', 'sound'].flatMap((n) => ['-i', `${out}/${n}.mp4`]).concat(hls,
    ['-map', '1:0', '-map', '3:0', '-c', 'copy', '-movflags', 'faststart', `${out}/film.mp4`]);
}

/** Ticks of CPU of a process, and its largest memory in KB. */
function used(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return { cpu: (Number(stat[11]) + Number(stat[12])) / 100, peak: peak ? Number(peak[1]) : 0 };
  } catch {
    return null;
  }
}

/** Runs a program and measures it; `stages` of a pipeline are told apart by its progress. */
async function measure(command, args) {
  const started = process.hrtime.bigint();
  const child = spawn('bash', ['-c', 'TIMEFORMAT="TIME %R %U %S"; time "$0" "$@"', command, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const stages = {};
  let words = '', stage = 'start', last = { cpu: 0 }, peak = 0, at = started;
  child.stderr.on('data', (d) => { words += d; });
  const pid = () => Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ')[0]);
  const take = (next) => {
    let now;
    try { now = used(pid()); } catch { now = null; }
    const clock = process.hrtime.bigint();
    const s = stages[stage] ??= { wall: 0, cpu: 0 };
    s.wall += Number(clock - at) / 1e9;
    at = clock;
    if (now) {
      s.cpu += now.cpu - last.cpu;
      last = now;
      peak = Math.max(peak, now.peak);
    }
    stage = next;
  };
  child.stdout.on('data', (d) => {
    const name = [...String(d).matchAll(/"stage":"(\w+)"/g)].at(-1)?.[1];
    take(name ?? stage);
  });
  const timer = setInterval(() => take(stage), 250);
  const code = await new Promise((done) => child.on('close', done));
  clearInterval(timer);
  const [, wall, user, system] = /TIME ([\d.]+) ([\d.]+) ([\d.]+)/.exec(words) ?? [];
  if (code !== 0) throw new Error(`${command} failed: ${words.slice(0, 500)}`);
  return { wall: Number(wall), cpu: Number(user) + Number(system), peak, stages };
}

const add = (a, b) => ({ wall: a.wall + b.wall, cpu: a.cpu + b.cpu });

export async function benchCompile({ build = 'build', quick = false, rounds = 2 } = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'parlour-bench-'));
  const film = join(dir, 'film.mp4'), seconds = quick ? 4 : 12;
  const ours = [], theirs = [];
  try {
    makeFilm(film, seconds);
    for (let i = 0; i < rounds; i++) {
      ours.push(await measure(join(build, 'pipelines/parlour-pipeline'), ['compile', film, '--out', join(dir, `ours-${i}`)]));
      const out = join(dir, `theirs-${i}`);
      mkdirSync(out);
      const encoded = await measure('ffmpeg', [...ffmpeg.slice(1), ...ffmpegArguments(film, out)]);
      theirs.push(add(encoded, await measure('ffmpeg', [...ffmpeg.slice(1), ...ffmpegCopies(out)])));
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  const best = (list, key) => Math.min(...list.map((r) => r[key]));
  const result = { seconds, ours, theirs, cpuRatio: best(ours, 'cpu') / best(theirs, 'cpu'), wallRatio: best(ours, 'wall') / best(theirs, 'wall') };
  console.log(`compile of ${seconds} s of 1080p30: CPU ${best(ours, 'cpu').toFixed(1)} s beside ffmpeg's ${best(theirs, 'cpu').toFixed(1)} s: ` +
    `${result.cpuRatio.toFixed(2)}; on the clock ${best(ours, 'wall').toFixed(1)} s beside ${best(theirs, 'wall').toFixed(1)} s: ${result.wallRatio.toFixed(2)}; ` +
    `peak ${(Math.max(...ours.map((r) => r.peak)) / 1024).toFixed(0)} MB`);
  console.log(`  ratio of CPU seconds to ffmpeg's, must be <= 1 (1.05 for scatter): ${result.cpuRatio.toFixed(2)}${result.cpuRatio <= 1.05 ? '' : '  MISSED'}`);
  for (const [name, s] of Object.entries(ours.at(-1).stages)) console.log(`  ${name.padEnd(8)} ${s.wall.toFixed(1)} s on the clock, CPU ${s.cpu.toFixed(1)} s`);
  return result;
}

if (process.argv[1]?.endsWith('compile.mjs')) {
  const at = process.argv.indexOf('--build');
  const { cpuRatio, wallRatio } = await benchCompile({ build: at > 0 ? process.argv[at + 1] : 'build', quick: process.argv.includes('--quick') });
  process.exit(Math.min(cpuRatio, wallRatio) <= 1.05 ? 0 : 1);
}
