"""From capture to packet, and what a further transform camera costs: one process, as it is served.

A 720p scene at 30 frames per second, the built-in detector on it, a crop chained on that; each with an encoder. The
hop is the time between a camera's frame and that of the camera chained onto it, which neither copies nor encodes.

usage: python -m benchmarks.bench_latency [SECONDS]
"""

from __future__ import annotations

import asyncio
import resource
import statistics
import sys
import time

from cameras import Frame
from configs import DEMO
from pipeline import Graph, Latency, RunningCamera, Watch, load
from streams.broadcast import Broadcast, BroadcastKey

CAMERAS = ("scene", "scene-detected", "scene-turned")


def hops_ms(watch: Watch, until_s: float) -> list[float]:
    """Return how long after its source a camera's frames come out, in milliseconds."""
    hops = []
    while time.monotonic() < until_s:
        frame: Frame = watch.get(5)
        hops.append(1000 * (frame.trace[-1].at_s - frame.trace[-2].at_s))
    return hops


async def measure(graph: Graph, seconds: float) -> None:
    """Run the cameras with an encoder each, and print what their frames took."""
    loop = asyncio.get_running_loop()
    broadcasts = [Broadcast(graph.cameras[name], BroadcastKey(name, "h264", True), loop) for name in CAMERAS]
    for broadcast in broadcasts:
        broadcast.start()
        broadcast.join()
    await asyncio.sleep(2)  # models loaded, encoders warm
    for name in CAMERAS:
        graph.cameras[name].latency = Latency()
    before = resource.getrusage(resource.RUSAGE_SELF)
    watch = graph.cameras["scene-turned"].watch()
    hops = await asyncio.to_thread(hops_ms, watch, time.monotonic() + seconds)
    watch.close()
    after = resource.getrusage(resource.RUSAGE_SELF)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    for name in CAMERAS:
        print(f"{name:15} {stages(graph.cameras[name])}")
    print(f"one more camera on a chain: {statistics.median(hops):.2f} ms (median of {len(hops)})")
    print(f"all three together: {spent / seconds:.2f} of a core")
    for broadcast in broadcasts:
        broadcast.stop()
        await broadcast.wait()


def stages(camera: RunningCamera) -> str:
    """Return a camera's stages with their median and 95th percentile."""
    return "; ".join(f"{stage} {value['p50']} / {value['p95']} ms" for stage, value in camera.latency.summary().items())


def main() -> None:
    """Measure, and say what the figures are."""
    graph = Graph(load(DEMO))
    graph.open()
    try:
        print("stage: median / 95th percentile; total is from capture to packet")
        asyncio.run(measure(graph, float(sys.argv[1]) if len(sys.argv) > 1 else 8.0))
    finally:
        graph.close()


if __name__ == "__main__":
    main()
