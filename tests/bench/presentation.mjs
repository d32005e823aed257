// tests/bench/presentation.mjs: a recording whose packets come like those of source.c: 30 frames a
// second of 5 or 6 full packets, a key frame every 2 s, and 50 Opus frames a second. The layout of a
// rung file is described in pipelines/README.md.
import { randomFillSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const CODEC = { opus: 1, vp8: 2 }; // enum media_codec
const PAYLOAD = 1120;

function writeRung(file, { codec, clock, width = 0, height = 0, duration, frames }) {
  const packets = frames.flatMap((f) => f.packets);
  const framesAt = 64, packetsAt = framesAt + 24 * frames.length;
  let at = packetsAt + 16 * packets.length;
  const out = Buffer.alloc(at + packets.reduce((n, p) => n + p.length, 0));
  out.write('PRLRUNG1', 0, 'latin1');
  [codec, clock, 100, width, height, frames.length, packets.length].forEach((v, i) => out.writeUInt32LE(v, 8 + 4 * i));
  out.writeBigUInt64LE(BigInt(duration), 40);
  out.writeBigUInt64LE(BigInt(framesAt), 48);
  out.writeBigUInt64LE(BigInt(packetsAt), 56);
  let packet = 0;
  frames.forEach((f, i) => {
    const entry = framesAt + 24 * i;
    out.writeBigUInt64LE(BigInt(f.time), entry);
    out.writeUInt32LE(packet, entry + 8);
    out.writeUInt16LE(f.packets.length, entry + 12);
    out.writeUInt16LE(f.key ? 1 : 0, entry + 14);
    out.writeUInt32LE(f.packets.reduce((n, p) => n + p.length, 0), entry + 16);
    for (const payload of f.packets) {
      out.writeBigUInt64LE(BigInt(at), packetsAt + 16 * packet);
      out.writeUInt32LE(payload.length, packetsAt + 16 * packet + 8);
      payload.copy(out, at);
      at += payload.length;
      packet++;
    }
  });
  writeFileSync(file, out);
}

function videoFrame(i) {
  const key = i % 60 === 0;
  const packets = Array.from({ length: key ? 12 : 5 + (i & 1) }, (_, k) => {
    const p = randomFillSync(Buffer.alloc(PAYLOAD));
    p[0] = k === 0 ? 0x90 : 0x80;
    p[1] = 0x80;
    p.writeUInt16BE(0x8000 | (i & 0x7fff), 2);
    if (k === 0) Buffer.from([key ? 0x10 : 0x11, 0, 0, 0x9d, 0x01, 0x2a, 0x00, 0x05, 0xd0, 0x02]).copy(p, 4);
    return p;
  });
  return { time: i * 3000, key, packets };
}

function audioFrame(i) {
  const p = randomFillSync(Buffer.alloc(100));
  p[0] = 0xfc;
  return { time: i * 960, key: true, packets: [p] };
}

// Replaces what `folder` presents; its poster stays.
export function writePresentation(folder, seconds) {
  writeRung(path.join(folder, 'video-vp8.rung'), { codec: CODEC.vp8, clock: 90000, width: 1280, height: 720,
    duration: seconds * 90000, frames: Array.from({ length: seconds * 30 }, (_, i) => videoFrame(i)) });
  writeRung(path.join(folder, 'audio-100.rung'), { codec: CODEC.opus, clock: 48000,
    duration: seconds * 48000, frames: Array.from({ length: seconds * 50 }, (_, i) => audioFrame(i)) });
  const file = path.join(folder, 'manifest.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...manifest, duration: seconds, width: 1280, height: 720, captions: [],
    chapters: [], rungs: [
      { file: 'video-vp8.rung', kind: 'video', codec: 'vp8', width: 1280, height: 720, bitrate: 1600000 },
      { file: 'audio-100.rung', kind: 'audio', codec: 'opus', speed: 100 },
    ] }));
}
