// RTP for the peers that see packets, not pictures: payload formats (RFC 7741, RFC 6184, RFC 7587),
// clips made by make_clip.py, and a strict reader of an incoming stream.
import { readFileSync } from 'node:fs';

const PAYLOAD_MAX = 1100;
export const CLOCK = { video: 90000, audio: 48000 };

/** The frames of a file of make_clip.py. */
export function readClip(path) {
  const file = readFileSync(path);
  const frames = [];
  for (let at = 0; at < file.length;) {
    const size = file.readUInt32BE(at);
    frames.push(file.subarray(at + 4, at + 4 + size));
    at += 4 + size;
  }
  return frames;
}

export function joinClip(frames) {
  return Buffer.concat(frames.flatMap((f) => {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(f.length);
    return [head, f];
  }));
}

/** NAL units of an Annex B frame. */
function nalUnits(frame) {
  const starts = [];
  for (let i = 0; i + 3 <= frame.length; i++) {
    if (frame[i] === 0 && frame[i + 1] === 0 && frame[i + 2] === 1) starts.push(i);
  }
  return starts.map((start, k) => {
    let end = starts[k + 1] ?? frame.length;
    if (k + 1 < starts.length && frame[end - 1] === 0) end--;
    return frame.subarray(start + 3, end);
  });
}

const START = Buffer.from([0, 0, 0, 1]);

/** The same frame with four-byte start codes and no access unit delimiters: what a receiver can rebuild. */
export function canonical(codec, frame) {
  if (codec !== 'h264') return frame;
  return Buffer.concat(nalUnits(frame).filter((n) => (n[0] & 31) !== 9).flatMap((n) => [START, n]));
}

function vp8Payloads(frame, number) {
  const parts = [];
  for (let at = 0; at < frame.length; at += PAYLOAD_MAX) {
    const id = number & 0x7fff;
    const head = Buffer.from([at === 0 ? 0x90 : 0x80, 0x80, 0x80 | id >> 8, id & 255]);
    parts.push(Buffer.concat([head, frame.subarray(at, at + PAYLOAD_MAX)]));
  }
  return parts;
}

function h264Payloads(frame) {
  const parts = [];
  for (const nal of nalUnits(frame)) {
    if ((nal[0] & 31) === 9) continue;
    if (nal.length <= PAYLOAD_MAX) {
      parts.push(nal);
      continue;
    }
    for (let at = 1; at < nal.length; at += PAYLOAD_MAX) {
      const last = at + PAYLOAD_MAX >= nal.length;
      const head = Buffer.from([nal[0] & 0xe0 | 28, (at === 1 ? 0x80 : 0) | (last ? 0x40 : 0) | nal[0] & 31]);
      parts.push(Buffer.concat([head, nal.subarray(at, at + PAYLOAD_MAX)]));
    }
  }
  return parts;
}

export function payloads(codec, frame, number) {
  if (codec === 'vp8') return vp8Payloads(frame, number);
  return codec === 'h264' ? h264Payloads(frame) : [frame];
}

/** A plain RTP packet, or one without its header fields when it is too short: null. */
export function parseRtp(packet) {
  if (packet.length < 12 || packet[0] >> 6 !== 2) return null;
  let at = 12 + 4 * (packet[0] & 15);
  if (packet[0] & 0x10) at += 4 + 4 * packet.readUInt16BE(at + 2);
  const padding = packet[0] & 0x20 ? packet[packet.length - 1] : 0;
  if (at + padding > packet.length) return null;
  return { marker: packet[1] >> 7 === 1, type: packet[1] & 127, seq: packet.readUInt16BE(2),
    timestamp: packet.readUInt32BE(4), ssrc: packet.readUInt32BE(8),
    payload: packet.subarray(at, packet.length - padding) };
}

export function writeRtp({ type, seq, timestamp, ssrc, marker, payload }) {
  const head = Buffer.alloc(12);
  head[0] = 0x80;
  head[1] = (marker ? 0x80 : 0) | type;
  head.writeUInt16BE(seq & 0xffff, 2);
  head.writeUInt32BE(timestamp >>> 0, 4);
  head.writeUInt32BE(ssrc >>> 0, 8);
  return Buffer.concat([head, payload]);
}

function vp8Body(p) {
  let at = 1;
  if (p[0] & 0x80) {
    const x = p[at++];
    if (x & 0x80) at += p[at] & 0x80 ? 2 : 1;
    if (x & 0x40) at++;
    if (x & 0x30) at++;
  }
  return { start: (p[0] & 0x17) === 0x10, body: p.subarray(at),
    pictureId: p[0] & 0x80 && p[1] & 0x80 ? (p[2] & 0x80 ? (p[2] & 0x7f) << 8 | p[3] : p[2]) : null };
}

/** Rebuilds one frame of its packets' payloads, or null when it does not begin at its start. */
function rebuild(codec, parts) {
  if (codec === 'opus') return parts[0];
  if (codec === 'vp8') {
    const read = parts.map(vp8Body);
    return read[0].start ? Buffer.concat(read.map((r) => r.body)) : null;
  }
  const nals = [];
  for (const p of parts) {
    const type = p[0] & 31;
    if (type === 24) {
      for (let at = 1; at + 2 <= p.length; at += 2 + p.readUInt16BE(at)) {
        nals.push([p.subarray(at + 2, at + 2 + p.readUInt16BE(at))]);
      }
    } else if (type === 28) {
      if (p[1] & 0x80) nals.push([Buffer.from([p[0] & 0xe0 | p[1] & 31])]);
      if (nals.length === 0) return null;
      nals.at(-1).push(p.subarray(2));
    } else {
      nals.push([p]);
    }
  }
  return Buffer.concat(nals.filter((n) => (n[0][0] & 31) !== 9).flatMap((n) => [START, ...n]));
}

/** Reads one stream strictly: every sequence number once, timestamps that never go back. */
export class Reception {
  constructor(codec, onFrame = () => {}) {
    Object.assign(this, { codec, onFrame });
    this.packets = this.missing = this.duplicates = this.timestampsBack = this.broken = 0;
    this.pictureIdBreaks = 0;
    this.waiting = new Map();
    this.parts = [];
    this.longestSilence = 0;
  }

  input(rtp, now = performance.now()) {
    if (this.ssrc === undefined) {
      this.ssrc = rtp.ssrc;
      this.next = rtp.seq;
      this.firstAt = now;
    }
    if (rtp.ssrc !== this.ssrc) {
      this.otherSsrc = (this.otherSsrc ?? 0) + 1;
      return;
    }
    this.packets++;
    if (this.lastAt !== undefined) this.longestSilence = Math.max(this.longestSilence, now - this.lastAt);
    this.lastAt = now;
    const ahead = (rtp.seq - this.next & 0xffff);
    if (ahead >= 0x8000 || this.waiting.has(rtp.seq)) {
      this.duplicates++;
      return;
    }
    this.waiting.set(rtp.seq, { ...rtp, now });
    while (this.waiting.size > 0) {
      const packet = this.waiting.get(this.next);
      if (!packet) {
        if (this.waiting.size < 200) break;
        this.missing++;
        this.holed = true;
      } else {
        this.waiting.delete(this.next);
        this.#inOrder(packet);
      }
      this.next = this.next + 1 & 0xffff;
    }
  }

  #inOrder(packet) {
    const step = this.timestamp === undefined ? 0 : packet.timestamp - this.timestamp | 0;
    if (step < 0) this.timestampsBack++;
    if (step !== 0 && this.parts.length > 0) this.#emit();
    this.timestamp = packet.timestamp;
    if (packet.payload.length === 0) return;
    if (this.codec === 'vp8' && this.parts.length === 0) this.#followPictureId(packet.payload);
    this.parts.push(packet);
    if (packet.marker || this.codec === 'opus') this.#emit();
  }

  #followPictureId(payload) {
    const { pictureId } = vp8Body(payload);
    if (pictureId !== null && this.pictureId !== undefined &&
        pictureId !== (this.pictureId + 1 & 0x7fff)) this.pictureIdBreaks++;
    if (pictureId !== null) this.pictureId = pictureId;
  }

  #emit() {
    const packets = this.parts;
    this.parts = [];
    const frame = this.holed ? null : rebuild(this.codec, packets.map((p) => p.payload));
    this.holed = false;
    if (!frame) {
      this.broken++;
      return;
    }
    this.onFrame({ data: Buffer.from(frame), timestamp: packets[0].timestamp, now: packets.at(-1).now });
  }

  result() {
    return { packets: this.packets, missing: this.missing + this.waiting.size, duplicates: this.duplicates,
      timestamps_back: this.timestampsBack, broken: this.broken, picture_id_breaks: this.pictureIdBreaks,
      other_ssrc: this.otherSsrc ?? 0 };
  }
}

/**
 * Lays the received frames over the clip, which repeats, at the place where they fit best (a tone has
 * equal frames). `exact`: frames that are the clip's, byte by byte, each at its place.
 */
export function compare(clip, frames) {
  const size = clip.length;
  let best = { exact: 0, start: null };
  for (let start = 0; start < size; start++) {
    if (frames.length === 0 || !clip[start].equals(frames[0])) continue;
    const exact = frames.reduce((n, frame, i) => n + clip[(start + i) % size].equals(frame), 0);
    if (exact > best.exact) best = { exact, start };
  }
  return { exact: best.exact, different: frames.length - best.exact, start: best.start };
}
