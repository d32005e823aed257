// Files that somebody or something damaged: each ends as ready or as failed with a reason, within bounds; none
// hangs. A decoder that crashes is the caller's to report (the server says `crashed`); here crashes are counted,
// and more than a few are a fault.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const CRASHES_MAX = 5; // of 500: in code that is not ours
const FULL = process.env.PARLOUR_MUTATIONS ? Number(process.env.PARLOUR_MUTATIONS) : 500;
const REASONS = /^[a-z_]+$/;
const SMALL = { size: '64x48', fps: 10, seconds: 1 };

/** One job; true when it crashed. */
async function settles(compile, file, out, what) {
  const { code, signal, last, stderr } = await compile(file, out);
  rmSync(out, { recursive: true, force: true });
  if (signal && signal !== 'SIGKILL') {
    console.log(`   crashed (${signal}): ${what}`);
    return true;
  }
  assert.equal(signal, null, `${what} hung`);
  assert.ok(last?.event === 'ready' || last?.event === 'failed', `${what}: ${JSON.stringify(last)} ${stderr}`);
  assert.equal(code, last.event === 'ready' ? 0 : 1, what);
  if (last.event === 'failed') {
    assert.match(last.reason, REASONS);
    assert.match(last.message, /^[A-Z][^]*(\.|apt install [a-z0-9. -]+)$/, `${what}: ${last.message}`);
  }
  return false;
}

const truncated = (suffix, how) => ({
  name: `${suffix} cut at every tenth`,
  async run({ compile, dir, tools }) {
    const whole = join(dir, `whole.${suffix}`), cut = join(dir, `cut.${suffix}`);
    await tools.film(whole, { ...SMALL, seconds: 2, ...how });
    const bytes = readFileSync(whole);
    for (let tenth = 1; tenth < 10; tenth++) {
      writeFileSync(cut, bytes.subarray(0, Math.floor((bytes.length * tenth) / 10)));
      assert.equal(await settles(compile, cut, join(dir, 'out'), `${suffix} of ${tenth} tenths`), false);
    }
  },
});

const CLIPS = {
  mp4: {}, mkv: {}, ts: {}, avi: { video: ['-c:v', 'mpeg4'], audio: ['-c:a', 'libmp3lame'] },
  webm: { video: ['-c:v', 'libvpx', '-deadline', 'realtime'], audio: ['-c:a', 'libopus'] },
};

const mutated = (suffix, count) => ({
  name: `${count} mutations of a ${suffix}`,
  async run({ compile, dir, tools }) {
    const clean = join(dir, `clean.${suffix}`), dirty = join(dir, `dirty.${suffix}`);
    await tools.film(clean, { ...SMALL, ...CLIPS[suffix] });
    let crashes = 0;
    for (let seed = 0; seed < count; seed++) {
      const ratio = [0.0005, 0.002, 0.01][seed % 3];
      writeFileSync(dirty, execFileSync('zzuf', ['-s', seed, '-r', ratio, '-i'].map(String), { input: readFileSync(clean), maxBuffer: 1 << 26 }));
      crashes += await settles(compile, dirty, join(dir, 'out'), `${suffix}, zzuf -s ${seed} -r ${ratio}`);
    }
    console.log(`   ${suffix}: ${crashes} crashes in ${count}`);
    assert.ok(crashes <= CRASHES_MAX, `${crashes} crashes`);
  },
});

export const rows = [
  truncated('mp4', { more: ['-movflags', 'faststart'] }), truncated('webm', CLIPS.webm), truncated('ts', {}),
  ...Object.keys(CLIPS).map((suffix) => mutated(suffix, Math.ceil(FULL / Object.keys(CLIPS).length))),
];
