"""A WHEP viewer on GStreamer's webrtcbin, run by the system's Python, as its bindings are for that one only.

Usage: gstreamer_viewer.py URL CODEC. Prints a JSON line for every tenth decoded frame, with the bottom rows of
its luma; leaves when its stdin ends.
"""

import base64
import json
import sys
import urllib.parse
import urllib.request

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
gi.require_version("GstSdp", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

PAYLOAD_TYPES = {"VP8": 96, "H264": 97}
DECODERS = {"VP8": "rtpvp8depay ! vp8dec", "H264": "rtph264depay ! avdec_h264"}
PARAMETERS = {"VP8": "", "H264": ",packetization-mode=(string)1,profile-level-id=(string)42e01f"}
ROWS = 8
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Viewer:
    """One camera, watched until its standard input ends."""

    def __init__(self, url: str, codec: str) -> None:
        self.url = url
        self.codec = codec
        self.location = ""
        self.frames = 0
        self.loop = GLib.MainLoop()
        self.pipeline = Gst.Pipeline.new("viewer")
        self.peer = Gst.ElementFactory.make("webrtcbin", "peer")
        self.peer.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
        self.pipeline.add(self.peer)

    def run(self) -> None:
        """Watch the camera."""
        self.peer.connect("pad-added", self.on_pad)
        self.peer.connect("notify::ice-gathering-state", self.on_gathering)
        GLib.io_add_watch(sys.stdin, GLib.IO_HUP | GLib.IO_IN, lambda *_: self.loop.quit())
        self.pipeline.set_state(Gst.State.READY)
        caps = Gst.Caps.from_string(
            f"application/x-rtp,media=video,encoding-name={self.codec},payload={PAYLOAD_TYPES[self.codec]},"
            f"clock-rate=90000,rtcp-fb-nack-pli=(boolean)true{PARAMETERS[self.codec]}"
        )
        self.peer.emit("add-transceiver", GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY, caps)
        self.pipeline.set_state(Gst.State.PLAYING)
        # Not when it says that it needs negotiation: that may be before it has the transceiver.
        self.peer.emit("create-offer", None, Gst.Promise.new_with_change_func(self.on_offer))
        self.loop.run()
        if self.location:
            OPENER.open(urllib.request.Request(self.location, method="DELETE")).close()
        self.pipeline.set_state(Gst.State.NULL)

    def on_offer(self, promise: Gst.Promise, *_: object) -> None:
        """Set the offer; a description that is not made from its text loses its SDP in these bindings."""
        promise.wait()
        reply = promise.get_reply()
        text = reply.get_value("offer").sdp.as_text()
        self.peer.emit("set-local-description", described("OFFER", text), None)

    def on_gathering(self, *_: object) -> None:
        """Exchange the offer, with its candidates, for the answer."""
        if self.peer.get_property("ice-gathering-state") == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            GLib.idle_add(self.exchange)

    def exchange(self) -> None:
        """Post the offer."""
        offer = self.peer.get_property("local-description").sdp.as_text()
        headers = {"Content-Type": "application/sdp"}
        with OPENER.open(urllib.request.Request(self.url, offer.encode(), headers)) as answer:
            self.location = urllib.parse.urljoin(self.url, answer.headers["Location"])
            self.peer.emit("set-remote-description", described("ANSWER", answer.read().decode()), None)

    def on_pad(self, _: Gst.Element, pad: Gst.Pad) -> None:
        """Decode what comes."""
        if pad.get_direction() != Gst.PadDirection.SRC:
            return
        sink = "videoconvert ! video/x-raw,format=GRAY8 ! fakesink name=sink signal-handoffs=true sync=false"
        decoder = Gst.parse_bin_from_description(f"{DECODERS[self.codec]} ! {sink}", True)
        decoder.get_by_name("sink").connect("handoff", self.on_frame)
        self.pipeline.add(decoder)
        decoder.sync_state_with_parent()
        pad.link(decoder.get_static_pad("sink"))

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
        said = {"frames": self.frames, "width_px": width, "height_px": height, "codec": f"video/{self.codec}"}
        print(json.dumps({**said, "rows": base64.b64encode(rows).decode()}), flush=True)


def described(kind: str, text: str) -> GstWebRTC.WebRTCSessionDescription:
    """Return a description of a session from its text."""
    _, message = GstSdp.SDPMessage.new_from_text(text)
    return GstWebRTC.WebRTCSessionDescription.new(getattr(GstWebRTC.WebRTCSDPType, kind), message)


if __name__ == "__main__":
    Gst.init(None)
    Viewer(*sys.argv[1:]).run()
