"""An RTSP player on GStreamer's rtspsrc, run by the system's Python, as its bindings are for that one only.

Usage: gstreamer_player.py URL PROTOCOL, which is tcp or udp. Prints a JSON line for every tenth decoded frame, with the
bottom rows of its luma; leaves when its stdin ends.
"""

import base64
import json
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402

ROWS = 8


class Player:
    """One stream, played until its standard input ends."""

    def __init__(self, url: str, protocol: str) -> None:
        self.frames = 0
        self.loop = GLib.MainLoop()
        self.pipeline = Gst.parse_launch(
            f'rtspsrc location="{url}" protocols={protocol} latency=100 ! rtph264depay ! avdec_h264 ! videoconvert ! '
            "video/x-raw,format=GRAY8 ! fakesink name=sink signal-handoffs=true sync=false"
        )
        self.pipeline.get_by_name("sink").connect("handoff", self.on_frame)

    def run(self) -> None:
        """Play the stream."""
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message::error", self.on_error)
        GLib.io_add_watch(sys.stdin, GLib.IO_HUP | GLib.IO_IN, lambda *_: self.loop.quit())
        self.pipeline.set_state(Gst.State.PLAYING)
        self.loop.run()
        self.pipeline.set_state(Gst.State.NULL)

    def on_error(self, _: Gst.Bus, message: Gst.Message) -> None:
        """Leave, and say why."""
        error, details = message.parse_error()
        print(f"{error.message}\n{details}", file=sys.stderr)
        self.loop.quit()

    def on_frame(self, _: Gst.Element, buffer: Gst.Buffer, pad: Gst.Pad) -> None:
        """Count a frame."""
        self.frames += 1
        if self.frames % 10:
            return
        shape = pad.get_current_caps().get_structure(0)
        width, height = shape.get_value("width"), shape.get_value("height")
        stride = buffer.get_size() // height
        luma = buffer.extract_dup((height - ROWS) * stride, ROWS * stride)
        rows = b"".join(luma[row * stride : row * stride + width] for row in range(ROWS))
        said = {"frames": self.frames, "width_px": width, "height_px": height, "codec": "video/H264"}
        print(json.dumps({**said, "rows": base64.b64encode(rows).decode()}), flush=True)


if __name__ == "__main__":
    Gst.init(None)
    Player(*sys.argv[1:]).run()
