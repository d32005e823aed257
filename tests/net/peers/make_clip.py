#!/usr/bin/python3
"""Encodes the pattern for the peers that send RTP themselves, or judges what they received.

    make_clip.py encode vp8|h264|opus FRAMES FILE   pictures: a key frame every second
    make_clip.py film SECONDS FILE                  pictures and tone as a Matroska file to publish
    make_clip.py judge vp8|h264|opus FILE [card]    prints {"event": "result", …} of what it decodes

FILE holds frames one after the other, each a 32-bit big-endian length and its bytes.
"""
import fractions
import struct
import sys

import av
import numpy

import pattern
from whip import say


def write(out, packets):
    for packet in packets:
        data = bytes(packet)
        out.write(struct.pack(">I", len(data)) + data)


def encode_sound(count, path):
    coder = av.CodecContext.create("libopus", "w")
    coder.sample_rate, coder.layout, coder.format = 48000, "mono", "s16"
    coder.options = {"frame_duration": "20"}
    with open(path, "wb") as out:
        for number in range(count):
            samples = pattern.tone(number * 960, 960).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.pts, frame.sample_rate = number * 960, 48000
            frame.time_base = fractions.Fraction(1, 48000)
            write(out, coder.encode(frame))


def encode(codec, count, path):
    coder = av.CodecContext.create({"vp8": "libvpx", "h264": "libx264"}[codec], "w")
    coder.width, coder.height, coder.pix_fmt = pattern.WIDTH, pattern.HEIGHT, "yuv420p"
    coder.time_base = fractions.Fraction(1, pattern.FPS)
    coder.framerate = fractions.Fraction(pattern.FPS, 1)
    coder.gop_size, coder.bit_rate = pattern.FPS, 500_000
    coder.options = {
        "vp8": {"deadline": "realtime", "lag-in-frames": "0", "auto-alt-ref": "0"},
        "h264": {"tune": "zerolatency", "preset": "ultrafast", "profile": "baseline",
                 "x264-params": "repeat-headers=1:scenecut=0"}}[codec]
    with open(path, "wb") as out:
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(pattern.make(number), format="yuv420p")
            frame.pts = number
            write(out, coder.encode(frame))
        write(out, coder.encode(None))


def film(seconds, path):
    with av.open(path, "w", format="matroska") as out:
        picture = out.add_stream("libx264", rate=pattern.FPS)
        picture.width, picture.height, picture.pix_fmt = pattern.WIDTH, pattern.HEIGHT, "yuv420p"
        picture.options = {"preset": "ultrafast", "crf": "12"}
        sound = out.add_stream("libopus", rate=48000)
        for second in range(seconds):
            for number in range(second * pattern.FPS, (second + 1) * pattern.FPS):
                frame = av.VideoFrame.from_ndarray(pattern.make(number), format="yuv420p")
                out.mux(picture.encode(frame))
            for piece in range(50):
                at = (second * 50 + piece) * 960
                frame = av.AudioFrame.from_ndarray(
                    numpy.repeat(pattern.tone(at, 960), 2).reshape(1, -1), format="s16", layout="stereo")
                frame.pts, frame.sample_rate = at, 48000
                frame.time_base = fractions.Fraction(1, 48000)
                out.mux(sound.encode(frame))
        out.mux(picture.encode(None))
        out.mux(sound.encode(None))


def frames_of(path):
    with open(path, "rb") as source:
        while head := source.read(4):
            yield source.read(struct.unpack(">I", head)[0])


def judge_sound(path):
    coder = av.CodecContext.create("libopus", "r")
    coder.sample_rate, coder.layout = 48000, "mono"
    heard = []
    for data in frames_of(path):
        for frame in coder.decode(av.Packet(data)):
            heard.append(frame.to_ndarray().reshape(-1)[::len(frame.layout.channels)])
    samples = numpy.concatenate(heard)[-48000:] if heard else numpy.zeros(0)
    say("result", frames=len(heard), hz=round(pattern.pitch(samples)))


def judge(codec, path, card):
    coder = av.CodecContext.create(codec, "r")
    seen = pattern.Judge(card)
    packets = [av.Packet(data) for data in frames_of(path)]
    for packet in packets + [None]:
        for frame in coder.decode(packet):
            seen.see(pattern.planes_of(frame.reformat(format="yuv420p").to_ndarray()))
    say("result", **seen.result(), numbers=seen.numbers)


command, codec = sys.argv[1:3]
if command == "film":
    film(int(sys.argv[2]), sys.argv[3])
elif command == "encode":
    if codec == "opus":
        encode_sound(int(sys.argv[3]), sys.argv[4])
    else:
        encode(codec, int(sys.argv[3]), sys.argv[4])
elif codec == "opus":
    judge_sound(sys.argv[3])
else:
    judge(codec, sys.argv[3], sys.argv[4:] == ["card"])
