"""How many threads each library uses: decided here only, from the processors that the program may use.

A few workers process the frames of all cameras, one for each processor. A library that splits one frame
over all processors takes them from the frames of other cameras, and its threads spin while they wait for each other. So
what many cameras do at once uses one thread each, and what one does while the others wait uses all processors.

The process that decodes pictures (``picture/formats/process.py``) loads nothing else of the program, and uses one
thread on its own account.
"""

from __future__ import annotations

import os

import cv2

from .cores import available_cores

STREAM_ENCODER_THREADS = 1
"""Threads of an encoder of live video. By default libvpx uses every core, and its threads spin while they wait."""

TFLITE_THREADS = 1
"""Threads of a TFLite inference. A model that several cameras wait for is loaded again, up to once for each core."""

MOST_THREADS = 16
"""Most threads of one decoder or encoder, as FFmpeg has it: each more has a smaller part of the picture to itself."""


def file_encoder_threads() -> int:
    """Return the threads of the encoder of a file, x264's with one frame each; its own rule, 1.5 for each core."""
    return max(min(available_cores() * 3 // 2, MOST_THREADS), 1)


def slice_decoder_threads() -> int:
    """Return the threads of a decoder that decodes the slices of a picture at once."""
    return min(available_cores(), MOST_THREADS)


def onnx_threads() -> int:
    """Return the threads of an inference of ONNX Runtime, one of which runs at a time for each model.

    Returns:
        0, its own choice of one for each physical core, unless the program may use only some of the processors.
    """
    cores = available_cores()
    return 0 if cores >= (os.cpu_count() or 1) else cores


def limit_opencv() -> None:
    """Have each call of OpenCV in this process use one thread. Call it before cameras run, and before other threads do.

    Its pool cannot be changed beside calls that use it: with OpenCV 5.0, a change to one thread, which ends the others,
    crashed within seconds. So the number cannot follow the cameras that come and go. One camera of 720p that undistorts
    took 16.5 ms of CPU time a frame instead of 19.8 on two cores, and came as soon; only one of 4K came later, by 13 ms
    of 77. To annotate a file took the same time and the same CPU time, so OpenCV keeps its default there.
    """
    cv2.setNumThreads(1)
