"""A publisher over RTMP that shares no code with the gate, for what ffmpeg cannot be made to do: it plays the tags
of FLV files at their own pace, with other timestamps, other chunk sizes, in aggregate messages."""
import os
import socket
import struct
import subprocess
import threading
import time

AUDIO, VIDEO, DATA, AGGREGATE, COMMAND = 8, 9, 18, 22, 20


def make_flv(path, size, fps, seconds, *options, colour="testsrc2", sound=True):
    """What OBS would send: H.264, a key frame a second, AAC mono at 44.1 kHz; `options` are the encoder's."""
    tone = ["-f", "lavfi", "-i", f"sine=440:sample_rate=44100:duration={seconds}"] if sound else []
    subprocess.run(["ffmpeg", "-loglevel", "error", "-y", "-f", "lavfi", "-i",
                    f"{colour}=size={size}:rate={fps}:duration={seconds}", *tone, "-c:v", "libx264", "-preset", "ultrafast",
                    "-pix_fmt", "yuv420p", "-g", str(fps), "-colorspace", "bt470bg", "-color_primaries", "bt470bg",
                    "-color_trc", "smpte170m", *options, "-c:a", "aac", "-ac", "1", path], check=True)
    return path


def read_flv(path):
    """[(type, milliseconds, body)] without the script tags."""
    data = open(path, "rb").read()
    at, tags = 13, []
    while at + 11 <= len(data):
        kind, size = data[at], int.from_bytes(data[at + 1:at + 4], "big")
        stamp = int.from_bytes(data[at + 4:at + 7], "big") | data[at + 7] << 24
        if kind != DATA:
            tags.append((kind, stamp, data[at + 11:at + 11 + size]))
        at += 11 + size + 4
    return tags


def length_of(tags):
    """Milliseconds, so that the next ones can follow."""
    return max(stamp for _, stamp, _ in tags) + 40


def amf(value):
    if value is None:
        return b"\5"
    if isinstance(value, str):
        return b"\2" + struct.pack(">H", len(value)) + value.encode()
    if isinstance(value, dict):
        return b"\3" + b"".join(struct.pack(">H", len(k)) + k.encode() + amf(v) for k, v in value.items()) + b"\0\0\x09"
    return b"\0" + struct.pack(">d", value)


class RtmpSender:
    """Connected and publishing when it is made; `words` holds all that the server said."""

    def __init__(self, port, app, key, chunk=4096):
        self.chunk = 128
        self.words = b""
        self.over = False
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.settimeout(10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        hello = os.urandom(1528)
        self.socket.sendall(b"\3" + bytes(8) + hello)
        answer = b""
        while len(answer) < 3073:
            answer += self.socket.recv(3073 - len(answer))
        assert answer[0] == 3 and answer[1537 + 8:] == hello
        self.socket.sendall(answer[1:1537])
        threading.Thread(target=self._listen, daemon=True).start()
        self.set_chunk_size(chunk)
        self.command("connect", 1, {"app": app, "type": "nonprivate", "flashVer": "FMLE/3.0 (compatible; FMSc/1.0)",
                                    "swfUrl": f"rtmp://127.0.0.1/{app}", "tcUrl": f"rtmp://127.0.0.1/{app}"})
        self.wait(b"NetConnection.Connect")
        for number, name in ((2, "releaseStream"), (3, "FCPublish")):
            self.command(name, number, None, key)
        self.command("createStream", 4, None)
        self.command("_checkbw", 5, None)
        self.command("publish", 6, None, key, "live", stream=1)
        self.wait(b"NetStream.Publish")
        assert b"NetStream.Publish.Start" in self.words, self.words[-200:]

    def _listen(self):
        try:
            while data := self.socket.recv(4096):
                self.words += data
        except OSError:
            pass
        self.over = True

    def wait(self, words, timeout=10):
        end = time.monotonic() + timeout
        while words not in self.words:
            assert time.monotonic() < end and not self.over, (words, self.words[-200:])
            time.sleep(0.01)

    def message(self, kind, stamp, body, stream=1, channel=4):
        """In chunks; a timestamp that does not fit into 24 bits follows each header."""
        long = stamp >= 0xFFFFFF
        extended = struct.pack(">I", stamp & 0xFFFFFFFF) if long else b""
        head = bytes([channel]) + min(stamp, 0xFFFFFF).to_bytes(3, "big") + len(body).to_bytes(3, "big") + \
            bytes([kind]) + struct.pack("<I", stream)
        parts = [body[i:i + self.chunk] for i in range(0, len(body), self.chunk)] or [b""]
        out = head + extended + parts[0]
        for part in parts[1:]:
            out += bytes([0xC0 | channel]) + extended + part
        self.socket.sendall(out)

    def set_chunk_size(self, size):
        self.message(1, 0, struct.pack(">I", size), 0, 2)
        self.chunk = size

    def command(self, name, number, *arguments, stream=0):
        self.message(COMMAND, 0, amf(name) + amf(float(number)) + b"".join(amf(a) for a in arguments), stream, 3)

    def ping(self):
        self.message(4, 0, struct.pack(">HI", 6, 4711), 0, 2)
        self.wait(struct.pack(">HI", 7, 4711))

    def play(self, tags, base=0, between=lambda number: None):
        """At their own pace, with `base` added to their timestamps (which wrap)."""
        start = time.monotonic()
        for number, (kind, stamp, body) in enumerate(tags):
            time.sleep(max(0, start + stamp / 1000 - time.monotonic()))
            between(number)
            self.message(kind, (base + stamp) & 0xFFFFFFFF, body, channel=4 if kind == AUDIO else 6)

    def play_aggregates(self, tags, base=0, count=8):
        start = time.monotonic()
        for i in range(0, len(tags), count):
            some = tags[i:i + count]
            time.sleep(max(0, start + some[-1][1] / 1000 - time.monotonic()))
            body = b""
            for kind, stamp, data in some:  # their own clock: what counts is how far they are from the first
                own = stamp + 5000
                body += bytes([kind]) + len(data).to_bytes(3, "big") + (own & 0xFFFFFF).to_bytes(3, "big") + \
                    bytes([own >> 24, 0, 0, 0]) + data + (11 + len(data)).to_bytes(4, "big")
            self.message(AGGREGATE, base + some[0][1], body, channel=6)

    def close(self):
        self.socket.close()
