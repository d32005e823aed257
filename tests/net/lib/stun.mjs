// STUN messages as a hostile or a right-minded peer writes them.
import { createHmac, randomBytes } from 'node:crypto';

export const concat = (...parts) => Buffer.concat(parts.map((p) => (Array.isArray(p) ? Buffer.from(p) : Buffer.from(p))));
export const u16 = (n) => [n >> 8 & 255, n & 255];
export const u32 = (n) => [n >>> 24, n >>> 16 & 255, n >>> 8 & 255, n & 255];

export function attribute(type, value, claim = value.length) {
  return concat(u16(type), u16(claim), value, Buffer.alloc(-value.length & 3));
}

export function stun(type, attributes, { claim, cookie = 0x2112a442 } = {}) {
  const body = concat(...attributes);
  return concat(u16(type), u16(claim ?? body.length), u32(cookie), randomBytes(12), body);
}

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? n >>> 1 ^ 0xedb88320 : n >>> 1;
  return n >>> 0;
});
const crc32 = (bytes) => ~bytes.reduce((crc, b) => CRC[(crc ^ b) & 255] ^ crc >>> 8, 0xffffffff) >>> 0;

/** A check as it should be, but for the password. */
export function check(username, pwd) {
  let message = stun(1, [attribute(6, Buffer.from(username)), attribute(0x8029, randomBytes(8)), attribute(0x24, Buffer.from([0, 1, 2, 3]))]);
  message.writeUInt16BE(message.length - 20 + 24, 2);
  message = concat(message, attribute(8, createHmac('sha1', pwd).update(message).digest()));
  message.writeUInt16BE(message.length - 20 + 8, 2);
  return concat(message, attribute(0x8028, Buffer.from(u32((crc32(message) ^ 0x5354554e) >>> 0))));
}
