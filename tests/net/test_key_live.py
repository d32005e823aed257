"""A film before a green wall, as a live source: what comes out at the ingest socket is decoded and its matte held
against the truth that keyed.mjs made it with.

    test_key_live.py PIPELINE NODE"""
import os
import subprocess
import sys
import tempfile
import time

import numpy

import live_peer

PIPELINE, NODE = sys.argv[1:3]
HERE = os.path.dirname(os.path.abspath(__file__))
MAKE = """
import * as keyed from 'KEYED';
import { writeFileSync } from 'node:fs';
const still = keyed.truth(0);
await keyed.film('DIR/film.mp4', { seconds: 4, alphaOf: () => still });
writeFileSync('DIR/truth.f32', Buffer.from(still.buffer));
"""


class Watcher(live_peer.Watcher):
    def _see(self, frame, at):
        luma = numpy.frombuffer(frame.planes[0], numpy.uint8).reshape(frame.height, frame.planes[0].line_size)
        with self.changed:
            self.luma = luma[:, :frame.width].astype(numpy.float32)
            self.pictures.append(at)
            self.changed.notify_all()


def part(picture, r):
    h, w = picture.shape
    x, y = round(r["x"] * w), round(r["y"] * h)
    return picture[y:y + round(r["h"] * h), x:x + round(r["w"] * w)]


def middle(patch):
    h, w = patch.shape
    return patch[h // 4:h - h // 4, w // 4:w - w // 4].mean()


def case(directory, codec):
    watcher = Watcher(PIPELINE, "--source", f"{directory}/film.mp4", "--loop", "--codec", codec, "--key", "auto")
    watcher.wait(lambda: len(watcher.pictures) > 40, 30, "pictures")
    with open(f"/proc/{watcher.process.pid}/stat") as stat:
        ticks = sum(int(v) for v in stat.read().rsplit(")", 1)[1].split()[11:13])
    began = len(watcher.pictures)
    time.sleep(1.5)
    with open(f"/proc/{watcher.process.pid}/stat") as stat:
        used = (sum(int(v) for v in stat.read().rsplit(")", 1)[1].split()[11:13]) - ticks) / os.sysconf("SC_CLK_TCK")
    frames = len(watcher.pictures) - began
    layout = next(line["layout"] for _, line in watcher.lines if line["event"] == "matte_layout")
    with watcher.changed:
        luma = watcher.luma
    watcher.end()
    assert luma.shape == (layout["height"], layout["width"]), (luma.shape, layout)
    black, white = (middle(part(luma, layout["patches"][k])) for k in ("black", "white"))
    alpha = numpy.clip((part(luma, layout["matte"]) - black) / (white - black), 0, 1)
    truth = numpy.fromfile(f"{directory}/truth.f32", numpy.float32).reshape(alpha.shape)
    error = numpy.abs(alpha - truth) * 255
    inside, outside = error[truth >= 1].mean(), error[truth <= 0].mean()
    edge = error[(truth > 0) & (truth < 1)].mean()
    print(f"live {codec}: inside {inside:.3f}, outside {outside:.3f}, edge {edge:.2f} of 255, "
          f"patches {black:.0f} {white:.0f}, {1000 * used / max(1, frames):.1f} ms CPU a frame in all", flush=True)
    assert inside <= 1 and outside <= 1 and edge <= 12


with tempfile.TemporaryDirectory() as directory:
    script = MAKE.replace("KEYED", os.path.join(HERE, "keyed.mjs")).replace("DIR", directory)
    subprocess.run([NODE, "--input-type=module", "-e", script], check=True, timeout=60)
    for name in ("h264", "vp8"):
        case(directory, name)
