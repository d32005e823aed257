#!/usr/bin/python3
"""Encodes the pattern for the peers that send RTP themselves, or judges what they received.

    make_clip.py encode vp8|h264 FRAMES FILE     a key frame every second; FILE is a list of frames
    make_clip.py judge vp8|h264 FILE             prints {"event": "result", …} of the decoded frames

FILE holds frames one after the other, each a 32-bit big-endian length and its bytes.
"""
import fractions
import struct
import sys

import av

import pattern
from whip import say


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
        def write(packets):
            for packet in packets:
                data = bytes(packet)
                out.write(struct.pack(">I", len(data)) + data)
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(pattern.make(number), format="yuv420p")
            frame.pts = number
            write(coder.encode(frame))
        write(coder.encode(None))


def judge(codec, path):
    coder = av.CodecContext.create({"vp8": "vp8", "h264": "h264"}[codec], "r")
    seen = pattern.Judge()
    with open(path, "rb") as source:
        while head := source.read(4):
            packet = av.Packet(source.read(struct.unpack(">I", head)[0]))
            for frame in coder.decode(packet):
                seen.see(pattern.planes_of(frame.reformat(format="yuv420p").to_ndarray()))
    for frame in coder.decode(None):
        seen.see(pattern.planes_of(frame.reformat(format="yuv420p").to_ndarray()))
    say("result", **seen.result())


if sys.argv[1] == "encode":
    encode(sys.argv[2], int(sys.argv[3]), sys.argv[4])
else:
    judge(sys.argv[2], sys.argv[3])
