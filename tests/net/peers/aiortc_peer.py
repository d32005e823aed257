#!/usr/bin/python3
"""aiortc as a WHIP publisher and a WHEP viewer.

    aiortc_peer.py publish|watch --url URL [--token T] [--codec vp8|h264] [--seconds N] [--card]
"""
import argparse
import asyncio
import fractions
import logging
import time

import av
import numpy
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError, VideoStreamTrack
from aiortc.rtcrtpsender import RTCRtpSender

import pattern
from whip import Session, say, when_stdin_closes

RATE = 48000


class Picture(VideoStreamTrack):
    def __init__(self):
        super().__init__()
        self.number, self.started = 0, None

    async def recv(self):
        self.started = self.started or time.monotonic()
        await asyncio.sleep(max(0, self.started + self.number / pattern.FPS - time.monotonic()))
        frame = av.VideoFrame.from_ndarray(pattern.make(self.number), format="yuv420p")
        frame.pts = self.number * 90000 // pattern.FPS
        frame.time_base = fractions.Fraction(1, 90000)
        self.number += 1
        return frame


class Tone(AudioStreamTrack):
    def __init__(self):
        super().__init__()
        self.at, self.started = 0, None

    async def recv(self):
        self.started = self.started or time.monotonic()
        await asyncio.sleep(max(0, self.started + self.at / RATE - time.monotonic()))
        samples = pattern.tone(self.at, RATE // 50).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.pts, frame.sample_rate = self.at, RATE
        frame.time_base = fractions.Fraction(1, RATE)
        self.at += RATE // 50
        return frame


def prefer(transceiver, codec):
    mime = "video/" + codec.upper()
    codecs = RTCRtpSender.getCapabilities("video").codecs
    transceiver.setCodecPreferences(
        [c for c in codecs if c.mimeType.lower() in (mime.lower(), "video/rtx")])


async def connect(pc, session):
    connected = asyncio.Event()

    @pc.on("connectionstatechange")
    def changed():
        if pc.connectionState == "connected":
            say("connected", ms=round((time.monotonic() - asked) * 1000))
            connected.set()
        elif pc.connectionState == "failed":
            say("failed", reason="the connection failed")

    await pc.setLocalDescription(await pc.createOffer())
    asked = time.monotonic()
    answer = await asyncio.to_thread(session.offer, pc.localDescription.sdp)
    await pc.setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer"))
    await asyncio.wait_for(connected.wait(), 20)
    return asked


async def publish(args, pc, session, stop):
    transceiver = pc.addTransceiver(Picture(), direction="sendonly")
    prefer(transceiver, args.codec)
    pc.addTransceiver(Tone(), direction="sendonly")
    await connect(pc, session)
    await stop.wait()
    for report in (await pc.getStats()).values():
        if report.type == "outbound-rtp" and report.kind == "video":
            say("sent", packets=report.packetsSent)


async def watch(args, pc, session, stop):
    judge, sound, first = pattern.Judge(args.card), [], []
    for kind in ("video", "audio"):
        transceiver = pc.addTransceiver(kind, direction="recvonly")
        if kind == "video" and args.codec != "any":
            prefer(transceiver, args.codec)

    async def look(track):
        while True:
            frame = await track.recv()
            if not first:
                first.append(time.monotonic())
                say("first_frame", ms=round((first[0] - asked) * 1000))
            judge.see(pattern.planes_of(frame.reformat(format="yuv420p").to_ndarray()))

    async def listen(track):
        while True:
            frame = await track.recv()
            samples = frame.to_ndarray()
            channels = len(frame.layout.channels)
            sound.append(samples.reshape(-1)[::channels])

    async def follow(track):
        try:
            await (look if track.kind == "video" else listen)(track)
        except MediaStreamError:
            say("track_ended", kind=track.kind)

    tasks = []
    pc.on("track", lambda track: tasks.append(asyncio.ensure_future(follow(track))))
    asked = time.monotonic()
    await connect(pc, session)
    patience = time.monotonic() + 30

    def enough():
        return first and time.monotonic() > first[0] + args.seconds and judge.frames >= args.frames

    while not stop.is_set() and not enough() and time.monotonic() < patience:
        await asyncio.sleep(0.05)
    heard = numpy.concatenate(sound)[-RATE:] if sound else numpy.zeros(0, numpy.int16)
    say("result", **judge.result(), hz=round(pattern.pitch(heard)),
        first_frame_ms=round((first[0] - asked) * 1000) if first else None)
    for task in tasks:
        task.cancel()


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=["publish", "watch"])
    parser.add_argument("--url", required=True)
    parser.add_argument("--token", default="")
    parser.add_argument("--codec", default="vp8")
    parser.add_argument("--card", action="store_true", help="the test card of parlour-pipeline")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--frames", type=int, default=1, help="that many at least, even if it takes longer")
    args = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    when_stdin_closes(lambda: loop.call_soon_threadsafe(stop.set))
    pc, session = RTCPeerConnection(), Session(args.url, args.token)
    try:
        await (publish if args.role == "publish" else watch)(args, pc, session, stop)
    except Exception as error:  # the test wants to know, whatever it is
        say("failed", reason="%s: %s" % (type(error).__name__, error))
    finally:
        await asyncio.to_thread(session.end)
        await pc.close()


asyncio.run(main())
