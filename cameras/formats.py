"""The formats that FFmpeg may open: those whose video is in the input itself.

Others lead away from it: a list of files (``concat``, ``hls``, ``dash``) or a name with a pattern (``image2``) to other
files, an SDP to network ports. FFmpeg recognises a format by the content, so without this list a text named ``.mp4``
could show a file that its user did not name.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from av.error import FFmpegError

_VIDEO = (
    "3g2,3gp,asf,av1,avi,avs,avs2,avs3,bink,cavsvideo,dhav,dirac,dnxhd,dv,evc,flv,gxf,h261,h263,h264,hevc,ifv,"
    "ipmovie,iv8,ivf,live_flv,lmlm4,lxf,m4v,matroska,mjpeg,mjpeg_2000,mov,mp4,mpeg,mpegts,mpegtsraw,mpegvideo,mpjpeg,"
    "mtv,mv,mxf,mxg,nsv,nut,nuv,obu,ogg,pva,r3d,rl2,rm,roq,smjpeg,smk,swf,vc1,vc1test,vivo,vvc,webm,wtv,yuv4mpegpipe"
)
_PICTURES = (
    "apng,bmp_pipe,dds_pipe,dpx_pipe,exr_pipe,gif,gif_pipe,hdr_pipe,ico,j2k_pipe,jpeg_pipe,jpegls_pipe,jpegxl_anim,"
    "jpegxl_pipe,pam_pipe,pbm_pipe,pcx_pipe,pgm_pipe,png_pipe,ppm_pipe,qoi_pipe,sgi_pipe,tiff_pipe,webp_pipe"
)

# Recognised, so that an error can say that they contain no video; "tty" is any text.
_WITHOUT_VIDEO = "aac,ac3,aiff,amr,ass,au,caf,flac,mp3,srt,tty,w64,wav,webvtt"

FILE_FORMATS = f"{_VIDEO},{_PICTURES},{_WITHOUT_VIDEO}"
"""The formats of a file, for FFmpeg's option ``format_whitelist``."""

FILE_OPTIONS = {"protocol_whitelist": "file,crypto,data", "format_whitelist": FILE_FORMATS}
"""Options with which FFmpeg opens one file and nothing else; ``file:`` before the path keeps a colon in it from being a
protocol."""

STREAM_FORMATS = f"{FILE_FORMATS},rtsp,rtp"
"""The formats of a stream."""

HTTP_FORMATS = f"{FILE_FORMATS},hls"
"""The formats of a stream over HTTP."""


def unreadable_file(path: Path, error: FFmpegError | None, wanted: str) -> str:
    """Return the sentence that says why a file cannot be opened.

    Args:
        path: The file.
        error: What FFmpeg says; ``None`` where it was not asked, since opening a pipe may block for ever.
        wanted: What the reader takes, such as ``a video_file plays one file``.
    """
    if isinstance(error, PermissionError):
        return f"{path} cannot be read: permission denied"
    if isinstance(error, FileNotFoundError) or not os.path.exists(path):  # never raises
        return f"no such file: {path}"
    if path.is_dir():
        return f"{path} is a folder; {wanted}"
    if error is None or not path.is_file():
        return f"{path} is a pipe or a device; {wanted}"
    if path.stat().st_size == 0:
        return f"{path} is empty"
    if error.errno == errno.EINVAL:
        return f"{path} is a playlist or has another format that is not supported; {wanted}"
    return f"{path} cannot be read as a video ({error.strerror}): the file is not a video, damaged or incomplete"
