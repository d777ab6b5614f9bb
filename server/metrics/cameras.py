"""Measurements of cameras: frames on each edge of the graph, durations of the stages, and shared streams."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline import State

from ..core import Backend
from .family import Family

_EDGE = ("camera", "source")
_STREAM = ("camera", "codec", "passthrough")


def camera_families(backend: Backend) -> Iterator[Family]:
    """Yield what is counted for each camera that the caller may use."""
    state = Family("camweave_camera_state", "gauge", "1 for the present state of a camera.", "camera", "state")
    errors = Family("camweave_camera_errors", "counter", "Failures of a camera and its transforms.", "camera")
    newest = Family(
        "camweave_camera_last_frame_timestamp_seconds",
        "gauge",
        "When the newest frame of a camera was captured, in seconds since 1970.",
        "camera",
    )
    frames = {
        "frames_in": Family("camweave_frames_in", "counter", "Frames taken from a camera or a source.", *_EDGE),
        "frames_out": Family("camweave_frames_out", "counter", "Frames given to those who watch.", *_EDGE),
        "dropped": Family("camweave_frames_dropped", "counter", "Frames of a camera or source not used.", *_EDGE),
        "shed": Family("camweave_frames_shed", "counter", "Frames that there was no time for.", *_EDGE),
        "decoded": Family("camweave_frames_decoded", "counter", "Frames decoded.", "camera"),
        "painted": Family("camweave_frames_painted", "counter", "Frames with annotations painted.", "camera"),
        "encoded": Family("camweave_frames_encoded", "counter", "Frames encoded, by all encoders.", "camera"),
        "errors": errors,
    }
    for name, feed in backend.feeds.items():
        present, last = feed.state, feed.newest
        for each in State:
            state.add(int(each is present), name, each.value)
        if last is not None and not feed.config.private:
            newest.add(last.captured_at, name)
        edge = name, backend.source_of(feed) or ""
        for count, family in frames.items():
            family.add(feed.counters[count], *edge[: len(family.labels)])
    yield state
    yield newest
    yield from frames.values()


def stage_families(backend: Backend) -> Iterator[Family]:
    """Yield how long each stage of a frame takes, from the capture to the socket."""
    family = Family(
        "camweave_stage_seconds", "histogram", "Time of a frame in each stage, up to the socket.", "camera", "stage"
    )
    for name, feed in backend.feeds.items():
        for stage, durations in feed.latency.histograms.items():
            family.add(durations, name, stage)
    yield family


def stream_families(backend: Backend) -> Iterator[Family]:
    """Yield what encoders give, and cameras whose own video is passed on; each frame once for all its viewers."""
    running = Family("camweave_encoders", "gauge", "Shared streams that run now.", *_STREAM)
    frames = Family("camweave_stream_frames", "counter", "Frames of shared streams.", *_STREAM)
    key_frames = Family("camweave_stream_key_frames", "counter", "Key frames among them.", *_STREAM)
    size = Family("camweave_stream_bytes", "counter", "Bytes of shared streams.", *_STREAM)
    run = backend.encoders.running()
    for name, feed in backend.feeds.items():
        for (codec, passthrough), counts in feed.counters.streams.items():
            labels = name, codec, "true" if passthrough else "false"
            running.add(run[name, codec, passthrough], *labels)
            frames.add(counts.frames, *labels)
            key_frames.add(counts.key_frames, *labels)
            size.add(counts.size, *labels)
    yield running
    yield frames
    yield key_frames
    yield size
