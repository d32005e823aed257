#!/usr/bin/python3
"""GStreamer's webrtcbin as a WHIP publisher and a WHEP viewer.

    gstreamer_peer.py publish|watch --url URL [--token T] [--codec vp8|h264] [--seconds N] [--card]
"""
import argparse
import os
import threading
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

import numpy  # noqa: E402

import pattern  # noqa: E402
from whip import Session, say, when_stdin_closes  # noqa: E402

RAW = "video/x-raw,format=I420,width=%d,height=%d,framerate=%d/1" % (
    pattern.WIDTH, pattern.HEIGHT, pattern.FPS)
RTP_VIDEO = {
    "vp8": "application/x-rtp,media=video,encoding-name=VP8,payload=96,clock-rate=90000",
    "h264": "application/x-rtp,media=video,encoding-name=H264,payload=97,clock-rate=90000,"
            "packetization-mode=(string)1",
}
RTP_AUDIO = ("application/x-rtp,media=audio,encoding-name=OPUS,payload=111,clock-rate=48000,"
             "encoding-params=(string)2")
ENCODERS = {
    "vp8": "vp8enc deadline=1 keyframe-max-dist=60 target-bitrate=600000 error-resilient=default"
           " ! rtpvp8pay picture-id-mode=2",
    "h264": "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=60 bframes=0 bitrate=600"
            " ! video/x-h264,profile=constrained-baseline"
            " ! rtph264pay config-interval=-1 aggregate-mode=zero-latency",
}
DECODERS = {"VP8": "rtpvp8depay ! vp8dec", "H264": "rtph264depay ! avdec_h264",
            "OPUS": "rtpopusdepay ! opusdec"}


class Peer:
    def __init__(self, args):
        self.args = args
        self.session = Session(args.url, args.token)
        self.loop = GLib.MainLoop()
        self.judge, self.sound = pattern.Judge(args.card), []
        self.asked = self.first = None
        self.stopping = threading.Event()
        self.pipeline = self.build()
        self.webrtc = self.pipeline.get_by_name("webrtc")
        self.webrtc.connect("notify::connection-state", self.connection_state)
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message::error", self.error)

    def build(self):
        args = self.args
        if args.role == "watch":
            pipeline = Gst.Pipeline.new(None)
            webrtc = Gst.ElementFactory.make("webrtcbin", "webrtc")
            webrtc.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
            pipeline.add(webrtc)
            for caps in (RTP_VIDEO[args.codec], RTP_AUDIO):
                webrtc.emit("add-transceiver", GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY,
                            Gst.Caps.from_string(caps))
            webrtc.connect("pad-added", self.pad_added)
            return pipeline
        return Gst.parse_launch(
            "webrtcbin name=webrtc bundle-policy=max-bundle"
            " appsrc name=picture is-live=true format=time do-timestamp=true caps=%s"
            " ! queue ! %s ! %s ! webrtc."
            " audiotestsrc is-live=true freq=%f volume=0.3 ! audio/x-raw,rate=48000,channels=2"
            " ! opusenc ! rtpopuspay ! %s ! webrtc."
            % (RAW, ENCODERS[args.codec], RTP_VIDEO[args.codec], pattern.TONE, RTP_AUDIO))

    # --- the offer and its answer

    def negotiate(self):
        promise = Gst.Promise.new_with_change_func(self.offer_made)
        self.webrtc.emit("create-offer", None, promise)
        return False

    def offer_made(self, promise):
        reply = promise.get_reply()  # owns the offer, so it has to stay
        offer = reply.get_value("offer")
        self.webrtc.emit("set-local-description", offer, Gst.Promise.new())
        threading.Thread(target=self.ask, args=(offer.sdp.as_text(),), daemon=True).start()

    def ask(self, offer):
        if os.environ.get("PARLOUR_PEER_SDP"):
            print(offer)
        self.asked = time.monotonic()
        try:
            text = self.session.offer(offer)
        except Exception as error:  # the test wants to know, whatever it is
            self.fail(str(error))
            return
        if os.environ.get("PARLOUR_PEER_SDP"):
            print(text)
        result, message = GstSdp.SDPMessage.new_from_text(text)
        if result != GstSdp.SDPResult.OK:
            self.fail("the answer cannot be parsed")
            return
        answer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, message)
        self.webrtc.emit("set-remote-description", answer, Gst.Promise.new())

    def connection_state(self, webrtc, _spec):
        state = webrtc.get_property("connection-state")
        if state == GstWebRTC.WebRTCPeerConnectionState.CONNECTED:
            say("connected", ms=round((time.monotonic() - self.asked) * 1000))
        elif state == GstWebRTC.WebRTCPeerConnectionState.FAILED:
            self.fail("the connection failed")

    # --- what comes in

    def pad_added(self, _webrtc, pad):
        if pad.get_property("direction") != Gst.PadDirection.SRC:
            return
        caps = pad.get_current_caps().get_structure(0)
        name = caps.get_string("encoding-name")
        convert = ("audioconvert ! audioresample ! audio/x-raw,format=S16LE,rate=48000,channels=1"
                   if name == "OPUS" else "videoconvert ! video/x-raw,format=I420")
        chain = Gst.parse_bin_from_description(
            "queue ! %s ! %s ! appsink name=sink emit-signals=true sync=false max-buffers=100"
            % (DECODERS[name], convert), True)
        chain.get_by_name("sink").connect(
            "new-sample", self.listen if name == "OPUS" else self.look)
        self.pipeline.add(chain)
        chain.sync_state_with_parent()
        pad.link(chain.get_static_pad("sink"))

    def look(self, sink):
        sample = sink.emit("pull-sample")
        size = sample.get_caps().get_structure(0)
        data = sample.get_buffer().extract_dup(0, sample.get_buffer().get_size())
        width, height = size.get_int("width")[1], size.get_int("height")[1]
        if self.first is None:
            self.first = time.monotonic()
            say("first_frame", ms=round((self.first - self.asked) * 1000))
            GLib.timeout_add(100, self.enough)
        planes = numpy.frombuffer(data, numpy.uint8).reshape(height * 3 // 2, width)
        self.judge.see(pattern.planes_of(planes))
        return Gst.FlowReturn.OK

    def listen(self, sink):
        buffer = sink.emit("pull-sample").get_buffer()
        self.sound.append(numpy.frombuffer(buffer.extract_dup(0, buffer.get_size()), numpy.int16))
        return Gst.FlowReturn.OK

    # --- what goes out

    def paint(self):
        source = self.pipeline.get_by_name("picture")
        started, number = time.monotonic(), 0
        while not self.stopping.wait(max(0, started + number / pattern.FPS - time.monotonic())):
            source.emit("push-buffer", Gst.Buffer.new_wrapped(pattern.make(number).tobytes()))
            number += 1

    # --- the end

    def error(self, _bus, message):
        error, debug = message.parse_error()
        self.fail("%s (%s)" % (error.message, debug))

    def fail(self, reason):
        say("failed", reason=reason)
        GLib.idle_add(self.loop.quit)

    def enough(self):
        watched = time.monotonic() - self.first
        if watched > 30 or watched > self.args.seconds and self.judge.frames >= self.args.frames:
            return self.finish()
        return True

    def finish(self):
        if self.args.role == "watch":
            heard = numpy.concatenate(self.sound)[-48000:] if self.sound else numpy.zeros(0)
            say("result", **self.judge.result(), hz=round(pattern.pitch(heard)),
                first_frame_ms=round((self.first - self.asked) * 1000) if self.first else None)
        self.loop.quit()
        return False

    def run(self):
        when_stdin_closes(lambda: GLib.idle_add(self.finish))
        self.pipeline.set_state(Gst.State.PLAYING)
        if self.args.role == "publish":
            threading.Thread(target=self.paint, daemon=True).start()
        GLib.timeout_add(200, self.negotiate)
        self.loop.run()
        self.stopping.set()
        self.session.end()
        self.pipeline.set_state(Gst.State.NULL)


parser = argparse.ArgumentParser()
parser.add_argument("role", choices=["publish", "watch"])
parser.add_argument("--url", required=True)
parser.add_argument("--token", default="")
parser.add_argument("--codec", default="vp8")
parser.add_argument("--card", action="store_true", help="the test card of parlour-pipeline")
parser.add_argument("--seconds", type=float, default=3)
parser.add_argument("--frames", type=int, default=1, help="that many at least, even if it takes longer")
Gst.init(None)
Peer(parser.parse_args()).run()
