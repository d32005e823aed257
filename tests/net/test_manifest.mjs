// Manifests of real compiles are what manifest.schema.json says, and the schema refuses others.
// Run: node test_manifest.mjs PIPELINE SCHEMA
import Ajv from 'ajv/dist/2020.js';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [pipeline, schemaFile] = process.argv.slice(2);
const dir = mkdtempSync(join(tmpdir(), 'parlour-manifest-'));
const file = (name) => join(dir, name);
const validate = new Ajv({ allErrors: true, strict: true, strictRequired: false }).compile(JSON.parse(readFileSync(schemaFile, 'utf8')));

const PICTURE = ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=10:d=2'], SOUND = ['-f', 'lavfi', '-i', 'sine=d=2'];
const films = {
  'full.mp4': [...PICTURE, ...SOUND, '-i', 'full.meta', '-map_metadata', '2', '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac'],
  'mute.webm': [...PICTURE, '-c:v', 'libvpx', '-deadline', 'realtime'],
  'sound.ogg': [...SOUND, '-c:a', 'libopus'],
};

function compile(name, more = []) {
  execFileSync('ffmpeg', ['-v', 'error', '-nostdin', ...films[name], file(name)], { cwd: dir });
  const out = file(`${name}.presentation`);
  const r = spawnSync(pipeline, ['compile', file(name), '--out', out, ...more], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 120_000 });
  assert.equal(r.status, 0, r.stdout + r.stderr);
  return { out, manifest: JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')) };
}

/** Every file that a manifest names. */
const named = (m) => [...m.rungs.map((r) => r.file), ...m.captions.map((c) => c.file), m.poster, m.hls, m.mp4, m.storyboard].filter(Boolean);

try {
  writeFileSync(file('full.meta'), ';FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=2000\ntitle=One\n');
  writeFileSync(file('words.srt'), '1\n00:00:00,000 --> 00:00:01,000\nHello\n');
  let good;
  for (const name of Object.keys(films)) {
    const { out, manifest } = compile(name, name === 'full.mp4' ? ['--captions', file('words.srt'), '--lang', 'en'] : []);
    assert.ok(validate(manifest), `${name}: ${JSON.stringify(validate.errors)}\n${JSON.stringify(manifest)}`);
    named(manifest).forEach((f) => assert.ok(existsSync(join(out, f)), `${name}: ${f} is named but missing`));
    good ??= manifest;
    console.log(`ok ${name}`);
  }
  assert.ok(good.captions.length === 1 && good.chapters.length === 1 && good.loudness && good.source && good.storyboard && good.hls && good.mp4 && good.poster, JSON.stringify(good));

  const matte = { x: 0, y: 0, w: 1, h: 0.5 };
  const keyed = { ...good, matte_layout: { width: 320, height: 392, colour: matte, matte, guard: matte, patches: { black: matte, white: matte } } };
  assert.ok(validate(keyed), JSON.stringify(validate.errors));
  const picture = (m) => m.rungs.find((r) => r.kind === 'video');
  const wrong = {
    'another version': (m) => { m.version = 2; },
    'no title': (m) => { delete m.title; },
    'no rungs': (m) => { m.rungs = []; },
    'a duration of nothing': (m) => { m.duration = 0; },
    'a member nobody knows': (m) => { m.colour = 'red'; },
    'a path': (m) => { m.rungs[0].file = '../secret.rung'; },
    'a hidden file': (m) => { m.rungs[0].file = '.hidden.rung'; },
    'a picture with a speed': (m) => { picture(m).speed = 100; },
    'a picture without a size': (m) => { delete picture(m).width; },
    'sound at no known speed': (m) => { m.rungs.find((r) => r.kind === 'audio').speed = 110; },
    'captions elsewhere': (m) => { m.captions[0].file = 'https://example.org/x.vtt'; },
    'a chapter before the start': (m) => { m.chapters[0].t = -1; },
    'a gain beyond all limits': (m) => { m.loudness.gain_db = 60; },
    'a matte outside the picture': (m) => { m.matte_layout.matte = { ...matte, y: 1.5 }; },
    'a playlist of another name': (m) => { m.hls = 'other.m3u8'; },
  };
  for (const [what, change] of Object.entries(wrong)) {
    const m = structuredClone(keyed);
    change(m);
    assert.ok(!validate(m), `accepted: ${what}`);
  }
  console.log(`ok ${Object.keys(wrong).length} wrong ones refused`);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
