// How much memory a compile holds at its peak, whatever it is given: under 600 MB (issue 3), so that a small machine
// goes on serving visits. What a job holds differs by some 60 MB from run to run. Row format: run.mjs.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const HEVC = (params = '') => ['-c:v', 'libx265', '-preset', 'ultrafast', '-crf', 26, '-x265-params', `log-level=none${params}`];
const MOST = 600; // MB
const PQ = ['-colorspace', 'bt2020nc', '-color_primaries', 'bt2020', '-color_trc', 'smpte2084', '-color_range', 'tv'];

/** A film of few large pictures: a decoder and the encoders hold all they ever hold after some twenty. */
const large = (size, frames, ...encoder) => async ({ compile, dir, tools }) => {
  const out = `${dir}/presentation`;
  await tools.ffmpeg('-f', 'lavfi', '-i', `testsrc2=s=${size}:r=30`, '-frames:v', frames, ...encoder, `${dir}/film.mp4`);
  const { last, memory } = await compile(`${dir}/film.mp4`, out);
  assert.equal(last?.event, 'ready', JSON.stringify(last));
  const { width, height } = JSON.parse(readFileSync(`${out}/manifest.json`, 'utf8'));
  assert.deepEqual([width, height], [1920, 1080]);
  assert.ok(memory > 100 && memory <= MOST, `the job held ${memory} MB`);
  return `${Math.round(memory)} MB`;
};

/** One minute of a small picture with sound, then five: only what grows with the length differs. */
async function longer({ compile, dir, tools }) {
  const seen = [];
  for (const minutes of [1, 5]) {
    const file = `${dir}/${minutes}.mp4`;
    await tools.ffmpeg('-f', 'lavfi', '-i', `testsrc2=s=192x108:r=10:d=${minutes * 60}`, '-f', 'lavfi', '-i', `sine=f=440:r=48000:d=${minutes * 60}`,
      '-c:v', 'libx264', '-preset', 'ultrafast', '-c:a', 'aac', '-b:a', '64k', file);
    const { last, memory } = await compile(file, `${dir}/${minutes}.presentation`);
    assert.equal(last?.event, 'ready', JSON.stringify(last));
    seen.push(memory);
  }
  assert.ok(seen[1] > 20 && seen[1] < 250 && seen[1] - seen[0] < 25, `${seen} MB`);
  return `${seen.map(Math.round)} MB`;
}

export const rows = [
  { name: 'memory: 4K of 10 bits in high contrast',
    run: large('3840x2160', 25, '-vf', 'format=yuv420p10le', ...PQ, ...HEVC()) },
  { name: 'memory: 4K, H.264 with many references',
    run: large('3840x2160', 25, '-vf', 'format=yuv420p', '-c:v', 'libx264', '-preset', 'ultrafast', '-refs', 4, '-bf', 3) },
  { name: 'memory: 8K as telephones write it',
    run: large('7680x4320', 10, '-vf', 'format=yuv420p', ...HEVC(':bframes=0')) },
  { name: 'memory: a ladder from 1080',
    run: large('1920x1080', 40, '-vf', 'format=yuv420p', '-c:v', 'libx264', '-preset', 'ultrafast') },
  { name: 'memory: a longer film needs no more', run: longer },
];
