"""Threads: started without a wait, given up when a call never returns, as many as the processors suit."""

from .background import BackgroundThread
from .bounded_calls import BoundedCalls, CallsClosed, CallTimeout
from .cores import available_cores
from .libraries import (
    STREAM_ENCODER_THREADS,
    TFLITE_THREADS,
    file_encoder_threads,
    limit_opencv,
    onnx_threads,
    slice_decoder_threads,
)
from .waiting import Place, own_place, waiting, working_for

__all__ = [
    "STREAM_ENCODER_THREADS",
    "TFLITE_THREADS",
    "file_encoder_threads",
    "limit_opencv",
    "onnx_threads",
    "slice_decoder_threads",
    "BackgroundThread",
    "BoundedCalls",
    "CallTimeout",
    "CallsClosed",
    "Place",
    "available_cores",
    "own_place",
    "waiting",
    "working_for",
]
