"""parlour-pipeline ingest: senders whose pictures have other shapes than the ones before them, and encoders with
habits of their own (RTMP as OBS and others speak it).

    test_ingest_shapes.py PIPELINE [CASE…]"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

from live_peer import Gate, Watcher
from rtmp_sender import RtmpSender, length_of, make_flv, read_flv

PIPELINE = sys.argv[1]
KEY = "abcdefgh-12345678_XYZ"


def check_stream(watcher):
    for ssrc, track in watcher.tracks.items():
        assert track.lost == 0, (ssrc, track.lost)
        assert track.backward == 0, (ssrc, track.backward)
    assert watcher.tracks[2].longest_step <= 0.0605, watcher.tracks[2].longest_step
    assert not any(line["event"] == "failed" for _, line in watcher.lines), watcher.lines[-3:]


def wait_size(watcher, size, timeout=8, bright=None):
    """Until three pictures of this size in a row come (and none of the holding picture, which is dark)."""
    begin = len(watcher.pictures)
    return watcher.wait(lambda: len(watcher.pictures) - begin >= 3 and
                        all(p[3] == size and (bright is None or (p[4] > 70) == bright) for p in watcher.pictures[-3:]),
                        timeout, f"pictures of {size}")


def shapes(directory):
    """Senders of all shapes, one after another, into one process: with one rung of VP8, and with two rungs."""
    films = [(make_flv(f"{directory}/{w}x{h}.flv", f"{w}x{h}", fps, 2), (w, h))
             for w, h, fps in ((640, 360, 25), (1280, 720, 15), (720, 1280, 25), (640, 360, 30))]
    gate = Gate(PIPELINE, directory)
    for rungs in (["--codec", "vp8"], ["--rungs", "h264:720,vp8:360"]):
        watcher = Watcher(PIPELINE, "--source", f"rtmp:{directory}/{KEY}.sock", *rungs)
        watcher.wait_picture(None, 10)
        for film, (width, height) in films:
            lines = len(watcher.lines)
            sender = subprocess.Popen(["ffmpeg", "-loglevel", "error", "-re", "-stream_loop", "-1", "-i", film, "-c", "copy",
                                       "-f", "flv", f"rtmp://127.0.0.1:{gate.port}/live/{KEY}"], stderr=subprocess.DEVNULL)
            watcher.wait_state("connected", 10, lines)
            wait_size(watcher, (width, height), bright=True)
            sender.kill()
            sender.wait()
            watcher.wait_state("lost", 5, lines)
            wait_size(watcher, (width, height), bright=False)
        assert watcher.end() == 0
        check_stream(watcher)
        print(*rungs, "sizes", sorted({p[3] for p in watcher.pictures}), flush=True)
    assert gate.end() == 0


def main():
    cases = {f.__name__: f for f in (shapes,)}
    for name in sys.argv[2:] or cases:
        directory = tempfile.mkdtemp(prefix="parlour-live-")
        start = time.monotonic()
        try:
            cases[name](directory)
        finally:
            shutil.rmtree(directory)
        print(f"ok {name} {time.monotonic() - start:.1f} s", flush=True)


main()
