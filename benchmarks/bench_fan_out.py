"""What one more viewer costs: CPU of the serving process, by the slope between few and many viewers.

The viewers are aiortc's, in a process of their own, and decode nothing. Beside it, measured in the same run: what
aiortc's usual way costs for one more viewer, an encoder of its own (VP8, its first choice).

usage: python -m benchmarks.bench_fan_out [FEW MANY [SECONDS]]
"""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.codecs.vpx import Vp8Encoder
from av import VideoFrame

from pipeline import Graph, ServerConfig, parse
from streams import Deadlines, Streams
from streams.ice import IceSettings, gather_as_set

CONFIG = """
cameras:
  - {name: scene, model: test_pattern, attributes: {width_px: 1280, height_px: 720, frame_rate: 30}}
"""


async def watch(pipe: Connection, number: int) -> None:
    """Open viewers as the server's process asks, and count the RTP packets that they get."""
    loop, packets = asyncio.get_running_loop(), [0]
    viewers = []

    async def counted(*_: object, **__: object) -> None:
        packets[0] += 1

    for _ in range(number):
        viewer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        receiver = viewer.addTransceiver("video", direction="recvonly").receiver
        setattr(receiver, "_handle_rtp_packet", counted)  # noqa: B010  # what comes is counted, not decoded
        gather_as_set(receiver.transport.transport.iceGatherer._connection, IceSettings())
        await viewer.setLocalDescription(await viewer.createOffer())
        pipe.send(viewer.localDescription.sdp)
        answer = await loop.run_in_executor(None, pipe.recv)
        await viewer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        viewers.append(viewer)
    while await loop.run_in_executor(None, pipe.recv):
        pipe.send(packets[0])
    for viewer in viewers:
        await viewer.close()


def viewers_process(pipe: Connection, number: int) -> None:
    asyncio.run(watch(pipe, number))


async def measured(streams: Streams, number: int, seconds: float) -> tuple[float, float]:
    """Return the CPU share of this process with so many viewers, and RTP packets per second and viewer."""
    loop = asyncio.get_running_loop()
    pipe, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=viewers_process, args=(theirs, number), daemon=True)
    process.start()
    sessions = []
    for _ in range(number):
        session = await streams.offer("scene", await loop.run_in_executor(None, pipe.recv))
        pipe.send(session.answer)
        sessions.append(session)
    await asyncio.sleep(2)

    async def packets() -> int:
        pipe.send(True)
        return int(await loop.run_in_executor(None, pipe.recv))

    before, spent, began = await packets(), time.process_time(), time.perf_counter()
    await asyncio.sleep(seconds)
    spent, took = time.process_time() - spent, time.perf_counter() - began
    rate = (await packets() - before) / took / number
    for session in sessions:
        await streams.delete(session.secret)
    pipe.send(False)
    await loop.run_in_executor(None, process.join)
    return spent / took, rate


def aiortc_ms(graph: Graph) -> float:
    """Return the CPU milliseconds that aiortc's VP8 encoder takes for a frame of the same camera."""
    encoder, spent = Vp8Encoder(), []
    encoder.target_bitrate = 1_500_000
    with graph.cameras["scene"].watch() as frames:
        for _ in range(60):
            frame = frames.get(10)
            picture = VideoFrame.from_ndarray(frame.image, format="bgr24").reformat(format="yuv420p")
            picture.pts, picture.time_base = frame.pts, frame.time_base
            began = time.thread_time()
            encoder.encode(picture)
            spent.append(time.thread_time() - began)
    return 1000 * statistics.median(spent)


async def main() -> None:
    """Measure and print."""
    few, many = (int(sys.argv[1]), int(sys.argv[2])) if len(sys.argv) > 2 else (10, 40)
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 5.0
    graph = Graph(parse(CONFIG, "benchmark", Path()))
    # Viewers that do not decode send no reports; they are not to be taken for gone.
    streams = Streams(graph, ServerConfig(), deadlines=Deadlines(silence_s=60))
    try:
        (low, rate), (high, _) = [await measured(streams, number, seconds) for number in (few, many)]
        each = 1000 * (high - low) / (many - few)
        (latency,) = [graph.cameras["scene"].latency.summary()["total"]]
        alone = 30 * await asyncio.get_running_loop().run_in_executor(None, aiortc_ms, graph)
    finally:
        await streams.close()
        graph.close()
    print(f"{few} viewers {100 * low:.1f} % of a core, {many} viewers {100 * high:.1f} %")
    print(f"one more viewer: {each:.2f} ms CPU per second, {rate:.0f} packets/s, {1000 * each / rate:.1f} us each")
    print(f"an encoder of its own: {alone:.0f} ms CPU per second, {alone / each:.0f} times as much")
    print(f"capture to packet: {latency['p50']:.1f} ms median, {latency['p95']:.1f} ms p95")


if __name__ == "__main__":
    asyncio.run(main())
