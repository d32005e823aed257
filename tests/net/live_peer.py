"""What tests of live sources need: the server's end of an ingest socket, and cameras that draw the time.

The camera draws a strip like the one of test_card.h: 32 cells, 1 0 1 0, 24 bits, 4 check bits; the bits
are a camera's number (2 bits) and the milliseconds of CLOCK_MONOTONIC (22 bits). A square in the lower
right corner flashes during the first 100 ms of each second of the film, with a beep of 1 kHz."""
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import av
import numpy

WIDTH, HEIGHT, FPS = 640, 360, 30
MASK = (1 << 22) - 1


def patience():
    """How much longer things may take: a machine that does much else at the same time proves nothing about speed."""
    return min(4, max(1, os.getloadavg()[0] / os.cpu_count()))


def now_ms():
    return time.monotonic_ns() // 1000000


def draw_strip(picture, number):
    """Into a picture of WIDTH x HEIGHT: camera `number` and the time that it is."""
    bits = number << 22 | (now_ms() & MASK)
    check = 0
    for i in range(0, 24, 4):
        check ^= bits >> i & 15
    word = 0xA0000000 | bits << 4 | check
    for i in range(32):
        picture[:30, 20 * i:20 * i + 20] = 235 if word >> (31 - i) & 1 else 16


class Camera:
    """Draws at 30 pictures a second into an ffmpeg that sends to `to`; `opts` are the muxer's."""

    def __init__(self, number, to, *opts):
        self.number = number
        sound_in, self.sound = os.pipe()
        arguments = ["ffmpeg", "-hide_banner", "-loglevel", "error", "-fflags", "nobuffer",
                     "-probesize", "32", "-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{WIDTH}x{HEIGHT}",
                     "-framerate", str(FPS), "-i", "pipe:0",
                     "-probesize", "32", "-f", "s16le", "-ar", "48000", "-ac", "1", "-i", f"pipe:{sound_in}",
                     "-map", "0:v", "-map", "1:a", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast",
                     "-tune", "zerolatency", "-g", "30", "-threads", "1", "-c:a", "aac", "-flush_packets", "1",
                     "-muxdelay", "0", "-max_interleave_delta", "100000", *opts, to]
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[sound_in])
        os.close(sound_in)
        self.thread = threading.Thread(target=self._draw, daemon=True)
        self.thread.start()

    def _draw(self):
        beep = (8000 * numpy.sin(numpy.arange(4800) * 2 * numpy.pi / 48)).astype("<i2")
        second = numpy.zeros(48000, "<i2")
        second[:4800] = beep
        picture = numpy.full((HEIGHT, WIDTH), 90, numpy.uint8)
        start = time.monotonic()
        try:
            for n in range(1000000):
                time.sleep(max(0, start + n / FPS - time.monotonic()))
                draw_strip(picture, self.number)
                lit = n % FPS < FPS // 10
                picture[-90:, -90:] = 235 if lit else 16
                at = n % FPS * 1600
                os.write(self.sound, second[at:at + 1600].tobytes())
                self.process.stdin.write(picture.tobytes())
                self.process.stdin.flush()
        except (BrokenPipeError, ValueError, OSError):
            pass

    def kill(self):
        """As when the plug is pulled."""
        self.process.send_signal(signal.SIGKILL)
        return self.end()

    def end(self, timeout=5):
        """Waits for its end; its exit code and last words."""
        words = self.process.communicate(timeout=timeout)[1].decode() if self.process.poll() is None else \
            self.process.stderr.read().decode()
        try:
            os.close(self.sound)
        except OSError:
            pass
        return self.process.wait(), words


def read_strip(luma):
    """(camera, milliseconds) or None."""
    height, width = luma.shape
    word = 0
    for i in range(32):
        word = word << 1 | int(luma[height // 24, width * (2 * i + 1) // 64] > 128)
    bits, check = word >> 4 & 0xFFFFFF, 0
    for i in range(0, 24, 4):
        check ^= bits >> i & 15
    return (bits >> 22, bits & MASK) if word >> 28 == 10 and check == word & 15 else None


class Track:
    def __init__(self, payload_type):
        self.codec = {96: "vp8", 97: "h264", 111: "libopus"}[payload_type]
        self.decoder = av.CodecContext.create(self.codec, "r")
        if self.codec == "libopus":
            self.decoder.rate, self.decoder.layout = 48000, "stereo"
        self.rate = 48000 if payload_type == 111 else 90000
        self.sequence = self.timestamp = None
        self.parts, self.fragment = [], b""
        self.ntp = self.ntp_timestamp = None
        self.lost = self.backward = 0
        self.longest_step = 0
        self.times = []  # of frames: timestamps
        self.keys = []   # (timestamp, when it came)


class Watcher:
    """Runs parlour-pipeline ingest and looks at what it sends, on a thread."""

    def __init__(self, pipeline, *arguments, env=None):
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.process = subprocess.Popen(
            [pipeline, "ingest", *arguments, "--fd", str(theirs.fileno())], pass_fds=[theirs.fileno()],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **(env or {})})
        theirs.close()
        self.lines, self.tracks = [], {}
        self.pictures = []  # (came, media time, strip or None, size, mean luma) of rung 0
        self.beeps, self.flashes = [], []  # media times
        self.loud_until = -1.0
        self.lit = False
        self.frame = None  # the last decoded one of rung 0
        self.changed = threading.Condition()
        self.done = False
        self.error = None
        threading.Thread(target=self._read_lines, daemon=True).start()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _read_lines(self):
        for line in self.process.stdout:
            with self.changed:
                self.lines.append((time.monotonic(), json.loads(line)))
                self.changed.notify_all()

    def _watch(self):
        try:
            while not self.done:
                if select.select([self.socket], [], [], 0.2)[0]:
                    message = self.socket.recv(2000)
                    if not message:
                        return
                    self._take(message)
        except Exception as error:  # told by the next wait
            self.error = error
            raise

    def _take(self, m):
        if 192 <= m[1] <= 223:
            track = self.tracks.get(int.from_bytes(m[4:8], "big"))
            if track is None:
                self.reports = getattr(self, "reports", {})
                self.reports[int.from_bytes(m[4:8], "big")] = m
            else:
                self._report(track, m)
            return
        ssrc = int.from_bytes(m[8:12], "big")
        track = self.tracks.get(ssrc)
        if track is None:
            track = self.tracks[ssrc] = Track(m[1] & 0x7F)
            self._report(track, self.reports[ssrc])  # one comes first
        sequence, timestamp = int.from_bytes(m[2:4], "big"), int.from_bytes(m[4:8], "big")
        if track.sequence is not None:
            track.lost += (sequence - track.sequence - 1) & 0xFFFF
            step = (timestamp - track.timestamp) & 0xFFFFFFFF
            if step >= 1 << 31:
                track.backward += 1
            else:
                track.longest_step = max(track.longest_step, step / track.rate)
        track.sequence, track.timestamp = sequence, timestamp
        self._depacketise(ssrc, track, m[12:], m[1] & 0x80)

    def _report(self, track, m):
        track.ntp, track.ntp_timestamp = int.from_bytes(m[8:16], "big"), int.from_bytes(m[16:20], "big")

    def _media_time(self, track):
        off = (track.timestamp - track.ntp_timestamp + (1 << 31)) % (1 << 32) - (1 << 31)
        return track.ntp / 2**32 + off / track.rate

    def _depacketise(self, ssrc, track, payload, last):
        if track.codec == "libopus":
            self._decode(ssrc, track, payload)
            return
        if track.codec == "vp8":
            track.parts.append(payload[4:])
        elif payload[0] & 31 == 24:  # STAP-A
            rest = payload[1:]
            while len(rest) > 2:
                n = int.from_bytes(rest[:2], "big")
                track.parts.append(b"\0\0\0\1" + rest[2:2 + n])
                rest = rest[2 + n:]
        elif payload[0] & 31 == 28:  # FU-A
            if payload[1] & 0x80:
                track.fragment = b"\0\0\0\1" + bytes([payload[0] & 0xE0 | payload[1] & 31])
            track.fragment += payload[2:]
            if payload[1] & 0x40:
                track.parts.append(track.fragment)
        else:
            track.parts.append(b"\0\0\0\1" + payload)
        if last:
            frame = b"".join(track.parts)
            track.parts = []
            key = not frame[0] & 1 if track.codec == "vp8" else any(
                frame[i + 3] & 31 == 5 for i in range(len(frame) - 3) if frame[i:i + 3] == b"\0\0\1") \
                if len(frame) < 4 or frame[4] & 31 != 1 else False
            track.times.append(track.timestamp)
            if key:
                track.keys.append((track.timestamp, time.monotonic()))
            self._decode(ssrc, track, frame)

    def _decode(self, ssrc, track, frame):
        if ssrc not in (1, 2):
            return
        for out in track.decoder.decode(av.Packet(frame)):
            at = self._media_time(track)
            if ssrc == 2:
                self._hear(out, at)
            else:
                self._see(out, at)

    def _see(self, frame, at):
        luma = numpy.frombuffer(frame.planes[0], numpy.uint8).reshape(frame.height, frame.planes[0].line_size)
        luma = luma[:, :frame.width]
        lit = bool(luma[-frame.height // 10, -frame.width // 12] > 128)
        strip = read_strip(luma)
        with self.changed:
            self.frame = frame
            if lit and not self.lit and strip:
                self.flashes.append(at)
            self.lit = lit
            self.pictures.append((now_ms(), at, strip, (frame.width, frame.height), float(luma[::8, ::8].mean())))
            self.changed.notify_all()

    def _hear(self, frame, at):
        samples = frame.to_ndarray()
        samples = samples.reshape(-1)[::2] if samples.shape[0] == 1 else samples[0]
        loud = numpy.abs(samples) > (0.1 if samples.dtype.kind == "f" else 3000)
        if loud.any():
            first = at + float(numpy.argmax(loud)) / 48000
            if first - self.loud_until > 0.3:
                self.beeps.append(first)
            self.loud_until = at + float(len(loud) - numpy.argmax(loud[::-1])) / 48000

    def wait(self, what, timeout, why):
        """Until what() is true; seconds it took."""
        start = time.monotonic()
        timeout *= patience()
        with self.changed:
            while not what():
                assert self.error is None, self.error
                left = start + timeout - time.monotonic()
                assert left > 0, f"not within {timeout} s: {why}; {[line for _, line in self.lines][-6:]}"
                self.changed.wait(min(left, 0.1))
        return time.monotonic() - start

    def wait_state(self, state, timeout, since=0):
        return self.wait(lambda: any(line["event"] == "source" and line["state"] == state
                                     for _, line in self.lines[since:]), timeout, f"state {state}")

    def wait_picture(self, strip, timeout):
        """Until three pictures of camera `strip` (None: the holding picture) come in a row."""
        begin = len(self.pictures)
        return self.wait(
            lambda: len(self.pictures) - begin >= 3 and
            all((p[2] is None) if strip is None else (p[2] and p[2][0] == strip) for p in self.pictures[-3:]),
            timeout, f"pictures of {strip}")

    def delays(self, camera):
        """Milliseconds from drawing to decoding, of the pictures that came so far."""
        return sorted((came - p[1]) & MASK for came, _, p, *_ in self.pictures if p and p[0] == camera)

    def told_delays(self):
        return [line["delay_ms"] for _, line in self.lines if line["event"] == "source" and line["delay_ms"] is not None]

    def ask_key(self, ssrc):
        self.socket.send(bytes([0x81, 206, 0, 2, 0, 0, 0, 9]) + ssrc.to_bytes(4, "big"))

    def end(self):
        """Stops it; its exit code."""
        self.process.stdin.close()
        code = self.process.wait(10)
        self.done = True
        self.thread.join(5)
        self.socket.close()
        return code


class Gate:
    def __init__(self, pipeline, directory):
        self.process = subprocess.Popen([pipeline, "gate", "--listen", "127.0.0.1:0", "--dir", directory],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert json.loads(self.process.stdout.readline())["event"] == "started"
        self.port = json.loads(self.process.stdout.readline())["port"]

    def end(self):
        self.process.stdin.close()
        return self.process.wait(10)


def run_cases(lanes):
    """Each case in a directory of its own; lanes side by side, for a live source is mostly waited for. Cases that
    are named on the command line run one after another."""
    cases = {case.__name__: case for lane in lanes for case in lane}
    if not sys.argv[2:]:
        others = [subprocess.Popen([*sys.orig_argv[:1], *sys.argv[:2], *(case.__name__ for case in lane)]) for lane in lanes]
        sys.exit(max(abs(other.wait()) for other in others))
    for name in sys.argv[2:]:
        directory = tempfile.mkdtemp(prefix="parlour-live-")
        start = time.monotonic()
        try:
            cases[name](directory)
        finally:
            shutil.rmtree(directory)
        print(f"ok {name} {time.monotonic() - start:.1f} s", flush=True)
