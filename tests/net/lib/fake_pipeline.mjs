#!/usr/bin/env node
// Stands in for parlour-pipeline: what a job does is written in its input, as JSON:
//   {"do": "ready" | "fail" | "hang", "manifest": {what the manifest has besides}}
// An ingest says what its --source is, so that a test sees what the server asked for.
import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const args = process.argv.slice(2).filter((a) => a !== '--unconfined');
const option = (name) => args[args.indexOf(name) + 1];
const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);
const stopped = new Promise((done) => { process.stdin.on('end', done).on('error', done).resume(); });
if (process.env.FAKE_LOG) appendFileSync(process.env.FAKE_LOG, `${JSON.stringify(args)}\n`);

// Complete or not there at all, as the real one.
function present(out, files) {
  const half = `${path.dirname(out)}/.${path.basename(out)}.${process.pid}.part`;
  mkdirSync(half);
  for (const [name, content] of Object.entries(files)) writeFileSync(`${half}/${name}`, content);
  renameSync(half, out);
}

const film = {
  'manifest.json': JSON.stringify({ version: 1, title: 'Film', duration: 5, width: 320, height: 180, video_rungs: [],
    rungs: [{ kind: 'video', codec: 'vp8', file: 'video-vp8.rung', width: 320, height: 180 }],
    captions: [{ lang: 'fr', label: 'Français', file: 'captions-fr.vtt' }],
    hls: 'hls.m3u8', mp4: 'film.mp4', storyboard: 'storyboard.vtt' }),
  'hls.m3u8': '#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",URI="hls-audio.m3u8"\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhls-360.m3u8\n',
  'hls-360.m3u8': '#EXTM3U\n#EXT-X-MAP:URI="hls-360.mp4",BYTERANGE="10@0"\n#EXTINF:2,\n#EXT-X-BYTERANGE:10@10\nhls-360.mp4\n#EXT-X-ENDLIST\n',
  'hls-360.mp4': 'abcdefghijklmnopqrstuvwxyz', 'hls-audio.m3u8': '#EXTM3U\n', 'film.mp4': '0123456789'.repeat(100_000),
  'storyboard.vtt': 'WEBVTT\n\n00:00.000 --> 00:05.000\nstoryboard-0.jpg#xywh=0,0,160,90\n', 'storyboard-0.jpg': 'jpeg',
  'captions-fr.vtt': 'WEBVTT\n\nfr', 'poster.jpg': 'poster', 'video-vp8.rung': 'secret', 'secret.txt': 'secret',
};
const slides = {
  'index.json': JSON.stringify({ version: 1, title: 'Deck', pages: [{ image: 'page-1.webp', width: 1600, height: 900, text: 'page-1.json' }] }),
  'page-1.webp': 'picture', 'page-1.json': '{"lines":[]}', 'secret.txt': 'secret',
};

async function task(files) {
  const plan = JSON.parse(readFileSync(args[1], 'utf8').trim() || '{}');
  say({ event: 'started' });
  say({ event: 'progress', fraction: 0.25, stage: 'video', seconds_left: 42 });
  if (plan.do === 'hang') {
    await stopped;
    process.exit(3);
  }
  if (plan.do === 'fail') {
    say({ event: 'failed', reason: 'not_media', message: 'This is no film.' });
    process.exit(1);
  }
  const own = files['manifest.json'] && { 'manifest.json': JSON.stringify({ ...JSON.parse(files['manifest.json']), ...plan.manifest }) };
  present(option('--out'), { ...files, ...own });
  say({ event: 'ready', duration: 5 });
  process.exit(0);
}

switch (args[0]) {
  case 'compile': await task(film); break;
  case 'slides': await task(slides); break;
  case 'ingest':
    say({ event: 'started' });
    say({ event: 'streaming' });
    say({ event: 'source', state: 'connected', delay_ms: 120, detail: `from ${args.includes('--source-env') ? process.env[option('--source-env')] : option('--source')}` });
    await stopped;
    process.exit(0);
    break;
  case 'gate':
    say({ event: 'started' });
    say({ event: 'gate', accepted: 9, turned_away: 1, published: 4, refused: 3, broken: 2 });
    await stopped;
    process.exit(0);
    break;
  case 'doctor': say({ event: 'done', missing: 0 }); process.exit(0); break;
  default: process.exit(64);
}
