// A peer at RTP level: sends a clip's frames as they are, or compares what arrives with the clip
// byte by byte and keeps it for make_clip.py to decode.
//   rtp_peer.mjs STACK publish --url URL [--token T] --codec vp8|h264 --clip FILE --sound FILE
//   rtp_peer.mjs STACK watch   … [--clip FILE --sound FILE] [--out FILE --soundout FILE] [--seconds N] [--frames N]
// A viewer answers a line on its standard input with a "report" of what came so far.
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { CLOCK, Reception, canonical, compare, joinClip, payloads, readClip, writeRtp } from './rtp_media.mjs';
import { Session } from './whip.mjs';

const text = { type: 'string' };
const { positionals: [stack, role], values: args } = parseArgs({ allowPositionals: true, options: {
  url: text, token: text, codec: { ...text, default: 'vp8' }, clip: text, sound: text, out: text,
  soundout: text, seconds: { ...text, default: '3' },
  frames: { ...text, default: '1' } } });

const say = (event, fields) => console.log(JSON.stringify({ event, ...fields }));
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
let stop;
const stopped = new Promise((done) => { stop = done; });
createInterface({ input: process.stdin }).on('close', () => stop()).on('line', () => say('report', figures()));

const STREAMS = {
  video: { codec: args.codec, type: args.codec === 'h264' ? 97 : 96, fps: 15, clip: args.clip, ssrc: 1 },
  audio: { codec: 'opus', type: 111, fps: 50, clip: args.sound, ssrc: 2 },
};

async function send(peer, kind) {
  const { codec, type, fps, clip, ssrc } = STREAMS[kind];
  const frames = readClip(clip);
  const begin = performance.now();
  let seq = 1000;
  let over = false;
  stopped.then(() => { over = true; });
  for (let number = 0; !over; number++) {
    await Promise.race([stopped, sleep(Math.max(0, begin + number * 1000 / fps - performance.now()))]);
    const parts = payloads(codec, frames[number % frames.length], number);
    parts.forEach((payload, i) => peer.send(kind, writeRtp({ type, ssrc, seq: seq++, payload,
      timestamp: 5000 + number * CLOCK[kind] / fps, marker: kind === 'audio' ? false : i === parts.length - 1 })));
  }
}

// So many seconds and so many frames, but no longer than 30 s more.
function enough() {
  const over = (performance.now() - first) / 1000 - Number(args.seconds);
  if (over > 30 || (over > 0 && frames.video.length >= Number(args.frames))) stop();
}

const frames = { video: [], audio: [] };
let first;
const asked = { at: 0 };
const reception = Object.fromEntries(Object.entries(STREAMS).map(([kind, { codec }]) =>
  [kind, new Reception(codec, (frame) => {
    if (kind === 'video' && first === undefined) {
      first = performance.now();
      say('first_frame', { ms: Math.round(first - asked.at) });
      setInterval(enough, 100);
    }
    frames[kind].push(frame.data);
  })]));

function figures() {
  const result = { first_frame_ms: first === undefined ? null : Math.round(first - asked.at) };
  for (const [kind, { codec, clip }] of Object.entries(STREAMS)) {
    result[kind] = { ...reception[kind].result(), frames: frames[kind].length,
      silence: Math.round(reception[kind].longestSilence) };
    reception[kind].longestSilence = 0;
    if (clip) Object.assign(result[kind], compare(readClip(clip).map((f) => canonical(codec, f)), frames[kind]));
  }
  return result;
}

function finish() {
  if (args.out) writeFileSync(args.out, joinClip(frames.video));
  if (args.soundout) writeFileSync(args.soundout, joinClip(frames.audio));
  say('result', figures());
}

const { open } = await import(`./${stack}.mjs`);
const session = new Session(args.url, args.token);
let peer;
try {
  peer = await open(role, args.codec, (kind, rtp) => reception[kind].input(rtp));
  const offer = await peer.offer();
  asked.at = performance.now();
  const answer = await session.offer(offer);
  if (process.env.PARLOUR_PEER_SDP) console.log(offer, answer);
  await peer.answer(answer);
  await Promise.race([peer.connected, sleep(15_000).then(() => { throw new Error('not connected in 15 s'); })]);
  say('connected', { ms: Math.round(performance.now() - asked.at) });
  if (role === 'publish') {
    await Promise.all([send(peer, 'video'), send(peer, 'audio')]);
  } else {
    await Promise.race([stopped, sleep(25_000).then(() => first === undefined ? null : stopped)]);
    finish();
  }
} catch (error) {
  say('failed', { reason: error.message });
}
await session.end().catch(() => {});
await peer?.close();
process.exit(0);
