"""parlour-pipeline ingest and gate with real senders: RTMP, SRT and RTSP on the loopback, cut off and back.

    test_ingest_live.py PIPELINE [CASE…]"""
import os
import socket
import subprocess
import sys
import time

from live_peer import Camera, Gate, Watcher, patience, run_cases

PIPELINE = sys.argv[1]
KEY = "abcdefgh-12345678_XYZ"
PEERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers")


def free_port(kind=socket.SOCK_DGRAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def assert_one_stream(watcher):
    """Whatever happened to the source: nothing lost, no step back, the sound without a hole."""
    for ssrc, track in watcher.tracks.items():
        assert track.lost == 0, (ssrc, track.lost)
        assert track.backward == 0, (ssrc, track.backward)
    assert watcher.tracks[2].longest_step <= 0.0605, watcher.tracks[2].longest_step


def assert_aligned(watcher, a, b):
    """Key frames of two rungs are at the same times."""
    first, second = ({t for t, _ in watcher.tracks[ssrc].keys} for ssrc in (a, b))
    both = set(watcher.tracks[a].times) & set(watcher.tracks[b].times)
    assert len(first & both) >= 4, (first, second)
    assert first & both == second & both, (first & both) ^ (second & both)


def assert_lips(watcher):
    # A flash or a beep may be missing where the sender was cut off; those that belong together are together.
    pairs = [b - f for f in watcher.flashes for b in watcher.beeps if abs(b - f) < 0.4]
    near = sorted(abs(p) for p in pairs)
    assert len(near) >= 2, (watcher.flashes, watcher.beeps)
    assert near[len(near) // 2] <= 0.060 * patience(), pairs
    return [round(p * 1000) for p in pairs]


def report(name, **facts):
    print(name, *(f"{k}={v}" for k, v in facts.items()), flush=True)


def rtmp(directory):
    gate = Gate(PIPELINE, directory)
    url = f"rtmp://127.0.0.1:{gate.port}/live/"
    watcher = Watcher(PIPELINE, "--source", f"rtmp:{directory}/{KEY}.sock", "--rungs", "h264:720,vp8:180")
    pid = watcher.process.pid
    watcher.wait_state("waiting", 10)
    watcher.wait_picture(None, 10)

    first = Camera(1, url + KEY, "-f", "flv")
    connected = watcher.wait_state("connected", 10)
    watcher.wait_picture(1, 5)
    time.sleep(2.5)
    asked = time.monotonic()
    watcher.ask_key(17)
    watcher.wait(lambda: all(any(at > asked for _, at in watcher.tracks[s].keys) for s in (1, 17)), 2, "key frames")
    answered = time.monotonic() - asked
    delays = watcher.delays(1)

    lines = len(watcher.lines)
    first.kill()
    held = watcher.wait_picture(None, 2)
    watcher.wait_state("lost", 2, lines)

    lines = len(watcher.lines)
    second = Camera(2, url + KEY, "-f", "flv")
    watcher.wait_state("connected", 5, lines)
    watcher.wait_picture(2, 3)
    third = Camera(3, url + KEY, "-f", "flv")  # the newest wins
    watcher.wait_picture(3, 6)
    code, words = second.end()
    assert code != 0, words

    code, words = Camera(0, url + "this-key-is-unknown-1", "-f", "flv").end(20)
    assert code != 0 and "not known" in words, words
    third.kill()
    watcher.wait_picture(None, 2)
    assert watcher.process.pid == pid and watcher.process.poll() is None
    assert watcher.end() == 0
    assert gate.end() == 0
    assert_one_stream(watcher)
    assert_aligned(watcher, 1, 17)
    told = watcher.told_delays()
    assert told and delays[len(delays) // 2] >= min(told) - 40, (told, delays)
    report("rtmp", connected_s=round(connected, 2), held_s=round(held, 2), key_ms=round(answered * 1000),
           told_ms=told, camera_to_socket_ms=f"{delays[len(delays) // 2]} (worst {delays[-1]})",
           lips_ms=assert_lips(watcher))


def hostile(directory):
    """Those who send rubbish, nothing, or everything slowly do not keep a camera out."""
    gate = Gate(PIPELINE, directory)
    watcher = Watcher(PIPELINE, "--source", f"rtmp:{directory}/{KEY}.sock", "--codec", "vp8")
    dial = lambda: socket.create_connection(("127.0.0.1", gate.port))
    for rubbish in (b"GET / HTTP/1.1\r\n\r\n", b"\x03" + bytes(5000), b"\x03" + b"\xff" * 100000, b"\x16\x03\x01" * 700):
        with dial() as s:
            try:
                s.sendall(rubbish)
                s.settimeout(2)
                while s.recv(65536):
                    pass
            except OSError:
                pass
    idle = [dial() for _ in range(20)]
    for s in idle[8:]:  # more than eight from one address are turned away
        s.settimeout(3)
        assert s.recv(1) == b""
    for s in idle[:4]:
        s.close()
    camera = Camera(1, f"rtmp://127.0.0.1:{gate.port}/live/{KEY}", "-f", "flv")
    watcher.wait_picture(1, 10)
    begin = time.monotonic()
    for s in idle[4:8]:
        s.settimeout(14)
        assert s.recv(1) == b""  # 10 s without publishing
    camera.kill()
    assert gate.process.poll() is None
    assert gate.end() == 0
    watcher.end()
    report("hostile", idle_closed_s=round(time.monotonic() - begin, 1))


def come_back(watcher, url):
    """As an encoder that tries again until it is let in; the camera, and seconds from then to its picture."""
    for _ in range(5):
        start = time.monotonic()
        camera = Camera(2, url, "-f", "mpegts")
        while camera.process.poll() is None:
            if any(p[2] and p[2][0] == 2 for p in watcher.pictures[-5:]):
                watcher.wait_picture(2, 3)
                return camera, time.monotonic() - start
            time.sleep(0.05)
        camera.end()
    raise AssertionError("the sender was not let in again")


def srt(directory):
    port = free_port()
    url = f"srt://127.0.0.1:{port}?mode=caller&pkt_size=1316"
    watcher = Watcher(PIPELINE, "--source", f"srt://127.0.0.1:{port}?mode=listener", "--passphrase-env", "SECRET",
                      "--rungs", "h264:720,vp8:180", env={"SECRET": "correct horse"})
    watcher.wait_state("waiting", 10)
    watcher.wait_picture(None, 10)
    code, words = Camera(0, url + "&passphrase=wrong horse", "-f", "mpegts").end(20)
    assert code != 0, words
    assert not any(line.get("state") == "connected" for _, line in watcher.lines)

    url += "&passphrase=correct horse"
    camera = Camera(1, url, "-f", "mpegts")
    connected = watcher.wait_state("connected", 10)
    watcher.wait_picture(1, 5)
    time.sleep(4)
    delays = watcher.delays(1)
    lines = len(watcher.lines)
    camera.kill()
    held = watcher.wait_picture(None, 2)
    watcher.wait_state("lost", 3, lines)
    camera, back = come_back(watcher, url)
    camera.kill()
    assert back < 4.5 * patience(), back
    assert watcher.end() == 0
    assert_one_stream(watcher)
    assert_aligned(watcher, 1, 17)
    report("srt", connected_s=round(connected, 2), held_s=round(held, 2), back_s=round(back, 2),
           told_ms=watcher.told_delays(), camera_to_socket_ms=f"{delays[len(delays) // 2]} (worst {delays[-1]})",
           lips_ms=assert_lips(watcher))


def srt_caller(directory):
    port = free_port()
    watcher = Watcher(PIPELINE, "--source", f"srt://127.0.0.1:{port}?mode=caller&latency=60", "--codec", "vp8")
    watcher.wait_picture(None, 10)
    for number in (1, 2):
        lines = len(watcher.lines)
        camera = Camera(number, f"srt://127.0.0.1:{port}?mode=listener", "-f", "mpegts")
        watcher.wait_state("connected", 10, lines)
        watcher.wait_picture(number, 5)
        camera.kill()
        watcher.wait_picture(None, 2)
        watcher.wait_state("lost", 4, lines)
    assert watcher.end() == 0
    assert_one_stream(watcher)
    report("srt_caller")


class RtspCamera:
    def __init__(self, port, *arguments):
        self.process = subprocess.Popen(
            ["/usr/bin/python3", os.path.join(PEERS, "rtsp_camera.py"), "640x360", "--port", str(port), *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout.readline().startswith(b"port")

    def kill(self):
        self.process.kill()
        self.process.wait()


def rtsp(directory):
    port = free_port(socket.SOCK_STREAM)
    camera = RtspCamera(port, "--user", "me:secret", "--strip", "1")
    stranger = Watcher(PIPELINE, "--source", f"rtsp://me@127.0.0.1:{port}/camera", "--codec", "vp8",
                       "--passphrase-env", "SECRET", env={"SECRET": "wrong"})
    stranger.wait(lambda: any("password" in line.get("detail", "") for _, line in stranger.lines), 10, "words")
    assert stranger.end() == 0
    watcher = Watcher(PIPELINE, "--source", f"rtsp://me@127.0.0.1:{port}/camera", "--rungs", "h264:720,vp8:180",
                      "--passphrase-env", "SECRET", env={"SECRET": "secret"})
    watcher.wait_state("connected", 10)
    watcher.wait_picture(1, 5)
    time.sleep(3)
    delays = watcher.delays(1)
    lines = len(watcher.lines)
    camera.kill()
    watcher.wait_state("lost", 4, lines)
    watcher.wait_picture(None, 3)
    corner = watcher.frame.to_ndarray(format="rgb24")[4, 4]
    assert 20 < corner.max() < 90, corner  # the holding picture: calm, dark, no black
    lines = len(watcher.lines)
    camera = RtspCamera(port, "--user", "me:secret", "--strip", "2")
    back = watcher.wait_state("connected", 6, lines)
    watcher.wait_picture(2, 5)
    camera.kill()
    assert watcher.end() == 0
    assert_one_stream(watcher)
    report("rtsp", back_s=round(back, 2), told_ms=watcher.told_delays(),
           camera_to_socket_ms=f"{delays[len(delays) // 2]} (worst {delays[-1]})")


def rtsp_udp(directory):
    """A camera that sends by UDP only is found after it has said no to TCP."""
    port = free_port(socket.SOCK_STREAM)
    camera = RtspCamera(port, "--udp", "--strip", "1")
    watcher = Watcher(PIPELINE, "--source", f"rtsp://127.0.0.1:{port}/camera", "--codec", "vp8")
    found = watcher.wait_state("connected", 12)
    watcher.wait_picture(1, 5)
    camera.kill()
    watcher.wait_picture(None, 5)
    assert watcher.end() == 0
    assert_one_stream(watcher)
    report("rtsp_udp", found_s=round(found, 2))


def playlist(directory):
    """Films of different shapes, one that is none, and one without sound, over and over."""
    for name, size, sound in (("wide", "320x180", True), ("tall", "180x320", False)):
        extra = ["-f", "lavfi", "-i", "sine=500:duration=1.2", "-c:a", "aac"] if sound else []
        subprocess.run(["ffmpeg", "-loglevel", "error", "-y", "-f", "lavfi", "-i",
                        f"color={'white' if sound else 'black'}:size={size}:rate=30:duration=1.2", *extra, "-c:v", "libx264",
                        "-preset", "ultrafast", "-pix_fmt", "yuv420p", f"{directory}/{name}.mp4"], check=True)
    with open(f"{directory}/broken.mp4", "wb") as f:
        f.write(b"no film" * 1000)
    with open(f"{directory}/list.txt", "w") as f:
        f.write("# comment\n\n" + "".join(f"{directory}/{n}.mp4\n" for n in ("broken", "wide", "tall")))
    watcher = Watcher(PIPELINE, "--source", f"playlist:{directory}/list.txt", "--loop", "--codec", "h264")
    watcher.wait_state("connected", 15)
    time.sleep(6)
    assert watcher.end() == 0
    assert_one_stream(watcher)
    assert {p[3] for p in watcher.pictures} == {(320, 180)}
    assert len(watcher.pictures) > 60
    report("playlist", pictures=len(watcher.pictures))


run_cases([[hostile, rtmp, playlist, srt_caller], [srt, rtsp, rtsp_udp]])
