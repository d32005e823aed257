// A WebSocket client that can misbehave: it sends any bytes and tells the close code.
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';

export class RawWebSocket {
  static open(port, { headers = {}, path = '/ws' } = {}) {
    return new Promise((done, fail) => {
      const ws = new RawWebSocket();
      ws.messages = [];
      ws.closed = new Promise((resolve) => { ws.tellClosed = resolve; });
      ws.socket = connect(port, '127.0.0.1', () => {
        const lines = [`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`, 'Upgrade: websocket', 'Connection: Upgrade',
          `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`, 'Sec-WebSocket-Version: 13',
          ...Object.entries(headers).map(([k, v]) => `${k}: ${v}`), '', ''];
        ws.socket.write(lines.join('\r\n'));
      });
      let buffer = Buffer.alloc(0);
      let upgraded = false;
      ws.socket.on('data', (d) => {
        buffer = Buffer.concat([buffer, d]);
        if (!upgraded) {
          const end = buffer.indexOf('\r\n\r\n');
          if (end < 0) return;
          const status = Number(buffer.toString('latin1', 9, 12));
          if (status !== 101) {
            fail(Object.assign(new Error(`upgrade refused with ${status}`), { status }));
            return;
          }
          upgraded = true;
          buffer = buffer.subarray(end + 4);
          done(ws);
        }
        buffer = ws.#read(buffer);
      });
      ws.socket.on('error', () => {});
      ws.socket.on('close', () => {
        fail(new Error('closed before the upgrade'));
        ws.tellClosed(ws.code ?? null);
      });
    });
  }

  #read(buffer) {
    while (buffer.length >= 2) {
      let size = buffer[1] & 127;
      let at = 2;
      if (size === 126) { size = buffer.readUInt16BE(2); at = 4; }
      if (size === 127) { size = Number(buffer.readBigUInt64BE(2)); at = 10; }
      if (buffer.length < at + size) break;
      const payload = buffer.subarray(at, at + size);
      const opcode = buffer[0] & 15;
      if (opcode === 8) {
        this.code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
        this.reason = payload.toString('utf8', 2);
        this.tellClosed(this.code);
      } else if (opcode === 9) {
        this.frame(10, payload);
      } else if (opcode === 1) {
        this.messages.push(JSON.parse(payload.toString()));
      }
      buffer = buffer.subarray(at + size);
    }
    return buffer;
  }

  raw(bytes) {
    if (!this.socket.destroyed) this.socket.write(bytes);
  }

  frame(opcode, payload, { fin = true, mask = true, rsv = 0, claim } = {}) {
    const body = Buffer.from(payload);
    const size = claim ?? body.length; // a lie, sometimes
    const head = [(fin ? 0x80 : 0) | rsv << 4 | opcode];
    const bit = mask ? 0x80 : 0;
    if (size < 126) head.push(bit | size);
    else if (size < 65536) head.push(bit | 126, size >> 8, size & 255);
    else {
      const long = Buffer.alloc(8);
      long.writeBigUInt64BE(BigInt(size));
      head.push(bit | 127, ...long);
    }
    if (!mask) return this.raw(Buffer.concat([Buffer.from(head), body]));
    const key = randomBytes(4);
    return this.raw(Buffer.concat([Buffer.from(head), key, body.map((b, i) => b ^ key[i & 3])]));
  }

  send(message) {
    this.frame(1, JSON.stringify(message));
  }

  close() {
    this.socket.destroy();
  }
}
