"""Ask a server for its health until stdin ends, then print the longest time that an answer took, in two measures.

Run as a process, so that the interpreter's lock of a test, which attacks the server, does not delay it:
``pulse.py HOST PORT PID SOURCE``, where SOURCE is the address that it connects from. It prints ``begun`` after the
first answer, and the seconds at the end.

Time is not counted in which the event loop of the server, the main thread of process PID, or this process was ready to
run but had no core: that is the load of the machine. Time in which the event loop works, or waits for a lock that
another thread of the server holds, is counted. The second measure is the shorter one, for each answer, of this time and
of the CPU time that the event loop has used meanwhile: the work for others that came first.
"""

from __future__ import annotations

import http.client
import os
import select
import sys
import time
from pathlib import Path


def main(host: str, port: int, pid: int, source: str) -> None:
    """Ask until stdin ends."""
    loop = Path(f"/proc/{pid}/task/{pid}/schedstat")
    threads = [Path(f"/proc/{number}/task/{number}/schedstat") for number in (pid, os.getpid())]

    def without_core_s() -> float:
        """Return for how long the two threads have waited for a core so far."""
        return sum(int(thread.read_text().split()[1]) for thread in threads) / 1e9

    connection = http.client.HTTPConnection(host, port, timeout=30, source_address=(source, 0))
    longest_s = longest_work_s = 0.0
    begun = False
    while not select.select([sys.stdin], [], [], 0.005)[0]:
        waited_s, worked_s, began = without_core_s(), int(loop.read_text().split()[0]) / 1e9, time.perf_counter()
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        response.read()
        took_s = time.perf_counter() - began
        if response.status != 200:
            sys.exit(f"/healthz answered {response.status}")
        took_s -= without_core_s() - waited_s
        longest_s = max(longest_s, took_s)
        longest_work_s = max(longest_work_s, min(took_s, int(loop.read_text().split()[0]) / 1e9 - worked_s))
        if not begun:
            print("begun", flush=True)
            begun = True
    connection.close()
    print(longest_s, longest_work_s)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
