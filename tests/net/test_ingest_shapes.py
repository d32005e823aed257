"""parlour-pipeline ingest: senders whose pictures have other shapes than the ones before them, and encoders with
habits of their own (RTMP as OBS and others speak it).

    test_ingest_shapes.py PIPELINE [CASE…]"""
import os
import socket
import subprocess
import sys

import numpy

from live_peer import Gate, Watcher, run_cases
from rtmp_sender import AUDIO, VIDEO, RtmpSender, length_of, make_flv, read_flv

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


def wait_shown(watcher, since, size):
    """Until ten pictures of the sender, of this size, have come since picture number `since`."""
    watcher.wait(lambda: sum(p[3] == size and p[4] > 70 for p in watcher.pictures[since:]) >= 10, 3, f"ten of {size}")


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


def steps(watcher, first):
    """Seconds between pictures of rung 0 from picture number `first` on."""
    times = [p[1] for p in watcher.pictures[first:]]
    return sorted(b - a for a, b in zip(times, times[1:]))


def habits(directory):
    """One connection whose chunks, clock, size and messages change as it goes; then others that say little."""
    small = read_flv(make_flv(f"{directory}/small.flv", "640x360", 25, 2, "-bf", "3", "-preset", "veryfast"))
    tall = read_flv(make_flv(f"{directory}/tall.flv", "360x640", 25, 2))
    gate = Gate(PIPELINE, directory)
    watcher = Watcher(PIPELINE, "--source", f"rtmp:{directory}/{KEY}.sock", "--rungs", "h264:720,vp8:180")
    watcher.wait_picture(None, 10)
    sender = RtmpSender(gate.port, "live/", KEY + "?auth=x", chunk=128)
    sizes = {5: 65536, 20: 77, 40: 4096}
    sender.play(small, between=lambda n: n in sizes and sender.set_chunk_size(sizes[n]))
    wait_shown(watcher, 0, (640, 360))
    first = len(watcher.pictures)
    sender.play(small, base=2**32 - 1000)  # hours ahead, and over the end of 32 bits
    sender.ping()
    after = len(watcher.pictures)
    dark = [p for p in watcher.pictures[first:after] if p[4] < 70]
    assert after - first > 20 and not dark, (after - first, len(dark))
    sender.play(tall, base=length_of(small))  # back, and another sequence header
    wait_shown(watcher, after, (360, 640))
    after = len(watcher.pictures)
    sender.play_aggregates(small, base=10000)
    wait_shown(watcher, after, (640, 360))
    lines = len(watcher.lines)
    sender.close()
    watcher.wait_state("lost", 5, lines)

    sender = RtmpSender(gate.port, f"live/{KEY}", "")
    sender.play([t for t in small if t[0] == AUDIO])  # the camera is switched on later
    watcher.wait(lambda: any(line.get("detail") == "sound only" for _, line in watcher.lines[lines:]), 3, "sound only")
    assert watcher.pictures[-1][4] < 70
    after = len(watcher.pictures)
    sender.play(small, base=length_of(small))
    watcher.wait(lambda: any("h264" in line.get("detail", "") for _, line in watcher.lines[lines:]), 3, "a picture")
    wait_shown(watcher, after, (640, 360))
    sender.close()
    lines = len(watcher.lines)
    sender = RtmpSender(gate.port, "live", KEY)
    sender.play([t for t in tall if t[0] == VIDEO])
    watcher.wait_state("connected", 3, lines)
    wait_shown(watcher, after, (360, 640))
    sender.close()
    assert watcher.end() == 0
    assert gate.end() == 0
    check_stream(watcher)
    print("states", [line["detail"] for _, line in watcher.lines if line.get("state") == "connected" and line["delay_ms"] is None])


def rates(directory):
    """60 pictures a second with B-frames become 30; HEVC by SRT; what is interlaced is woven no more."""
    port = None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    films = {
        "sixty": (60, ["-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "60"], "testsrc2=size=640x360:rate=60"),
        "hevc": (25, ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "keyint=25:log-level=error:pools=1"],
                 "testsrc2=size=320x180:rate=25"),
        "woven": (25, ["-vf", "tinterlace=interleave_top", "-c:v", "libx264", "-preset", "veryfast", "-flags", "+ildct+ilme",
                       "-x264-params", "interlaced=1", "-g", "25", "-bf", "0"],
                  "nullsrc=size=352x288:rate=50,geq=lum='40+180*gt(mod(X-N*8\\,160)\\,80)':cb=128:cr=128"),
    }
    watcher = Watcher(PIPELINE, "--source", f"srt://127.0.0.1:{port}?mode=listener", "--codec", "h264")
    watcher.wait_picture(None, 10)
    seen = {}
    for name, (rate, options, source) in films.items():
        film = f"{directory}/{name}.ts"
        subprocess.run(["ffmpeg", "-loglevel", "error", "-y", "-f", "lavfi", "-i", source, "-t", "2", *options,
                        "-pix_fmt", "yuv420p", film], check=True)
        lines = len(watcher.lines)
        sender = subprocess.Popen(["ffmpeg", "-loglevel", "error", "-re", "-stream_loop", "-1", "-i", film, "-c", "copy",
                                   "-f", "mpegts", f"srt://127.0.0.1:{port}?mode=caller&pkt_size=1316"])
        watcher.wait_state("connected", 10, lines)
        detail = [line["detail"] for _, line in watcher.lines[lines:] if line.get("state") == "connected"][0]
        first = len(watcher.pictures)
        watcher.wait(lambda: len(watcher.pictures) > first + 25 and watcher.pictures[-1][4] > 70, 8, name)
        luma = watcher.frame.to_ndarray(format="gray").astype(int)
        seen[name] = (detail, steps(watcher, first), numpy.abs(luma[1:] - luma[:-1]).mean())
        sender.kill()
        sender.wait()
        watcher.wait_state("lost", 5, lines)
    assert watcher.end() == 0
    check_stream(watcher)
    for name, (detail, between, comb) in seen.items():
        print(name, detail, "step_ms", round(1000 * between[len(between) // 2]), "comb", round(comb, 1), flush=True)
    assert "60 fps" in seen["sixty"][0] and seen["sixty"][1][len(seen["sixty"][1]) // 2] > 0.030
    assert "h265" in seen["hevc"][0]
    assert seen["woven"][2] < 6, seen["woven"][2]  # woven, neighbouring rows differ by 18 and more


def hold(directory):
    """The company's own picture, in any shape, while nobody sends; and one that is none."""
    subprocess.run(["ffmpeg", "-loglevel", "error", "-y", "-f", "lavfi", "-i", "color=0xd02020:size=500x500", "-frames:v", "1",
                    f"{directory}/red.jpg"], check=True)
    with open(f"{directory}/none.jpg", "wb") as f:
        f.write(b"no picture" * 100)
    for name, expected in (("red", (200, 40, 40)), ("none", None)):
        watcher = Watcher(PIPELINE, "--source", f"rtmp:{directory}/{KEY}.sock", "--codec", "h264",
                          "--hold", f"{directory}/{name}.jpg")
        watcher.wait_picture(None, 10)
        rgb = watcher.frame.to_ndarray(format="rgb24")
        middle, corner = rgb[360, 640].astype(int), rgb[20, 20].astype(int)
        assert rgb.shape == (720, 1280, 3)
        if expected:
            assert numpy.abs(middle - expected).max() < 25 and corner.max() < 12, (middle, corner)
        else:  # our own card: calm, dark, no black
            assert 20 < corner.max() < 90, corner
        assert watcher.end() == 0
        print(name, "middle", middle, "corner", corner, flush=True)


run_cases([[shapes, hold], [habits, rates]])
