"""A camera: an RTSP server on the loopback with H.264 and AAC at /camera.

    rtsp_camera.py WxH [--user NAME:PASSWORD] [--udp] [--port N] [--strip NUMBER]

--udp: that only. --strip: draws the time as live_peer.py does. Prints "port N" when it listens; ends when its
standard input closes."""
import argparse
import os
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import live_peer  # noqa: E402
import numpy  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("size")
parser.add_argument("--user", default="")
parser.add_argument("--udp", action="store_true")
parser.add_argument("--port", default="0")
parser.add_argument("--strip", type=int)
options = parser.parse_args()

Gst.init(None)
server = GstRtspServer.RTSPServer.new()
server.set_address("127.0.0.1")
server.set_service(options.port)
width, height = options.size.split("x")
factory = GstRtspServer.RTSPMediaFactory.new()
picture = "videotestsrc is-live=true pattern=ball"
if options.strip is not None:
    width, height = live_peer.WIDTH, live_peer.HEIGHT
    picture = f"appsrc name=drawn format=time is-live=true caps=video/x-raw,format=GRAY8,width={width},height={height},framerate=30/1 ! videoconvert"
factory.set_launch(
    f"( {picture} ! video/x-raw,format=I420,width={width},height={height},framerate=30/1 "
    "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=30 ! rtph264pay name=pay0 config-interval=-1 "
    "audiotestsrc is-live=true ! audio/x-raw,rate=48000,channels=2 ! avenc_aac ! rtpmp4gpay name=pay1 )"
)
factory.set_shared(True)


def draw(source):
    shown = numpy.full((live_peer.HEIGHT, live_peer.WIDTH), 90, numpy.uint8)
    clock = source.get_clock()
    now = clock.get_time() - source.get_base_time() if clock else 0
    live_peer.draw_strip(shown, options.strip)
    buffer = Gst.Buffer.new_wrapped(shown.tobytes())
    buffer.pts = now
    return source.emit("push-buffer", buffer) == Gst.FlowReturn.OK


def configured(_, media):
    source = media.get_element().get_by_name("drawn")
    if source:
        GLib.timeout_add(33, draw, source)


factory.connect("media-configure", configured)
factory.set_protocols(GstRtsp.RTSPLowerTrans.UDP if options.udp else GstRtsp.RTSPLowerTrans.TCP)
if options.user:
    user, password = options.user.split(":")
    auth = GstRtspServer.RTSPAuth.new()
    token = GstRtspServer.RTSPToken.new()
    token.set_string("media.factory.role", "viewer")
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions.new()
    permissions.add_permission_for_role("viewer", "media.factory.access", True)
    permissions.add_permission_for_role("viewer", "media.factory.construct", True)
    factory.set_permissions(permissions)
server.get_mount_points().add_factory("/camera", factory)
server.attach(None)
print("port", server.get_bound_port(), flush=True)
loop = GLib.MainLoop()
GLib.io_add_watch(sys.stdin, GLib.PRIORITY_DEFAULT, GLib.IOCondition.IN | GLib.IOCondition.HUP, lambda *_: loop.quit())
loop.run()
