"""An RTSP camera for the tests, run by the system's Python, as GStreamer's bindings are for that one only.

rtsp_server.py PORT: serves rtsp://127.0.0.1:PORT/camera, H.264, 640x480 at 30 frames per second, a ball on the move.
/main and /high have that profile and a key frame every three seconds; /reordered has B-frames.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

PICTURE = "videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=480,framerate=30/1,format=I420"
LONG = "x264enc tune=zerolatency speed-preset=veryfast key-int-max=90 bitrate=1500"
ENCODERS = {
    "/camera": "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=30 bitrate=1500",
    "/main": f"{LONG} ! video/x-h264,profile=main",
    "/high": f"{LONG} ! video/x-h264,profile=high",
    "/reordered": f"{LONG.replace('tune=zerolatency', 'bframes=2 b-adapt=false')} ! video/x-h264,profile=high",
}


def main() -> None:
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(sys.argv[1])
    for mount, encoder in ENCODERS.items():
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_shared(True)
        factory.set_launch(f"( {PICTURE} ! {encoder} ! rtph264pay config-interval=1 name=pay0 pt=96 )")
        server.get_mount_points().add_factory(mount, factory)
    server.attach(None)
    print("ready", flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
