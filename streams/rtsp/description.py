"""The description of a stream (SDP) that clients get before they set it up."""

from __future__ import annotations

import base64

from ..encoding import EncodedFrame
from ..rtp import CLOCK_RATE, h264_units
from .urls import RTSP_TRACK

PAYLOAD_TYPE = 96
_KIND, _SEQUENCE, _PICTURE = 0x1F, 7, 8


def rtsp_description(camera: str, key_frame: EncodedFrame, address: str) -> bytes:
    """Return the description of a stream.

    Args:
        camera: The name of the camera.
        key_frame: A key frame of the stream, with its parameter sets.
        address: The address of the server that the client has connected to.
    """
    address = address.partition("%")[0].removeprefix("::ffff:")
    version = "IP6" if ":" in address else "IP4"
    lines = [
        "v=0",
        f"o=- 1 1 IN {version} {address}",
        f"s={camera}",
        f"c=IN {version} {'::' if version == 'IP6' else '0.0.0.0'}",
        "t=0 0",
        "a=control:*",
        "a=range:npt=now-",
        f"m=video 0 RTP/AVP {PAYLOAD_TYPE}",
        f"a=rtpmap:{PAYLOAD_TYPE} {key_frame.codec.upper()}/{CLOCK_RATE}",
        *_format(key_frame),
        f"a=framesize:{PAYLOAD_TYPE} {key_frame.width}-{key_frame.height}",
        f"a=control:{RTSP_TRACK}",
    ]
    return "".join(f"{line}\r\n" for line in lines).encode()


def _format(key_frame: EncodedFrame) -> list[str]:
    """Return what a player needs to know before the first picture; VP8 has nothing of that."""
    if key_frame.codec != "h264":
        return []
    sets = [unit for unit in h264_units(key_frame.data) if unit[0] & _KIND in (_SEQUENCE, _PICTURE)]
    sets.sort(key=lambda unit: unit[0] & _KIND)
    parameters = ["packetization-mode=1"]
    if sets and sets[0][0] & _KIND == _SEQUENCE and len(sets[0]) >= 4:
        parameters.append(f"profile-level-id={sets[0][1:4].hex().upper()}")
        parameters.append(f"sprop-parameter-sets={','.join(base64.b64encode(unit).decode() for unit in sets)}")
    return [f"a=fmtp:{PAYLOAD_TYPE} {'; '.join(parameters)}"]
