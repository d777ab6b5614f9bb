"""CPU time of a scrape of ``/metrics`` as Prometheus asks for it, with 30 watched cameras: at most 5 ms.

Half of the cameras are small test patterns, half detect on one each, and each has a viewer. They go on during the
scrapes, so as much time without scrapes follows each round, and what the program uses in that is taken off.
"""

from __future__ import annotations

import gzip
import http.client
import statistics
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

from ..measuring import Finding, Findings, Program, ProgramError, Server, Viewers, at_most
from ..workloads import Inputs

CAMERAS, RATE = 30, 1
SETTLE_S = 5.0
ROUNDS, SCRAPES = 11, 25
TARGET_MS = 5.0
HEADERS = {
    "Accept": "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
    "Accept-Encoding": "gzip",
}


def config(inputs: Inputs) -> str:
    """Return the configuration."""
    pairs = range(CAMERAS // 2)
    cameras = "\n".join(
        f"  - {{name: scene-{pair}, model: test_pattern, "
        f"attributes: {{width_px: 160, height_px: 90, frame_rate: {RATE}, seed: {pair}}}}}\n"
        f"  - {{name: seen-{pair}, model: transform, attributes: {{source: scene-{pair}, pipeline: "
        "[{type: detections, attributes: {detector_name: things}}]}}"
        for pair in pairs
    )
    return f"cameras:\n{cameras}\n{inputs.detector()}"


def scrape(connection: http.client.HTTPConnection) -> bytes:
    """Return an answer of ``/metrics`` as it comes.

    Raises:
        ProgramError: There is none.
    """
    connection.request("GET", "/metrics", headers=HEADERS)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200 or answer.headers["Content-Encoding"] != "gzip":
        raise ProgramError(f"GET /metrics: {answer.status} {body[:500]!r}")
    return body


def scrape_ms(server: Server) -> tuple[float, float, bytes]:
    """Return the CPU time of a scrape and how long its answer took, both in milliseconds, and the answer."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    took: list[float] = []
    try:
        body = scrape(connection)
        before_s, began_s = server.meter.seconds(), time.monotonic()
        for _ in range(SCRAPES):
            asked_s = time.monotonic()
            scrape(connection)
            took.append(1000 * (time.monotonic() - asked_s))
    finally:
        connection.close()
    spent_s, lasted_s = server.meter.seconds() - before_s, time.monotonic() - began_s
    before_s = server.meter.seconds()
    time.sleep(lasted_s)
    spent_s -= server.meter.seconds() - before_s
    return 1000 * spent_s / SCRAPES, statistics.median(took), body


def measure(program: Program, inputs: Inputs) -> Findings:
    """Serve and watch the cameras, and scrape."""
    with program.serve(config(inputs)) as server, Viewers(server.url) as viewers:
        viewers.open(*(f"{name}-{pair}" for pair in range(CAMERAS // 2) for name in ("scene", "seen")))
        time.sleep(SETTLE_S)
        found = [scrape_ms(server) for _ in range(ROUNDS)]
    cpu_ms, took_ms, bodies = zip(*found, strict=True)
    return judged(cpu_ms, took_ms, gzip.decompress(bodies[-1]), len(bodies[-1]))


def judged(cpu_ms: Sequence[float], took_ms: Sequence[float], text: bytes, size: int) -> Findings:
    """Return the findings.

    Args:
        cpu_ms: CPU time of a scrape in each round.
        took_ms: Wall-clock time of an answer in each round.
        text: An answer.
        size: Its size as it was sent.
    """
    lines = text.count(b"\n")
    beside = f"{lines} lines, {len(text) / 1000:.0f} kB as {size / 1000:.0f} kB, in {statistics.median(took_ms):.1f} ms"
    return Findings([Finding(f"a scrape, {CAMERAS} cameras", tuple(cpu_ms), "ms CPU", beside, at_most(TARGET_MS))])
