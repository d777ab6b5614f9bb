"""The program of a checkout as a child process: which code runs, what it costs, and that it ends."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.measuring import CpuMeter, Program, ProgramError
from tests.benchmarks.repositories import SETUP

SERVER = """
import http.server, json, signal, sys, threading

class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked = 0

    def do_GET(self):
        Answers.asked += 1
        status = 404 if self.path == "/nothing" else 200
        body = json.dumps([{"name": name, "counters": {"encoded": Answers.asked * 10}} for name in ("a", "b", "c")])
        if self.path == "/api/cameras/a":
            body = json.dumps({"name": "a", "viewers": 3})
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())
        self.close_connection = self.path == "/closing"  # without a word to the client

    def log_message(self, *_):
        pass

def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    signal.signal(signal.SIGINT, lambda *_: threading.Thread(target=server.shutdown).start())
    print("starting", sys.argv[1:])
    print(f"http://127.0.0.1:{server.server_port}/")
    server.serve_forever()
    server.server_close()
    sys.exit(CODE)
"""


def program(folder: Path, text: str) -> Program:
    """Give a program with this text, as a checkout of it would be."""
    root, scratch = folder / "checkout", folder / "scratch"
    root.mkdir()
    scratch.mkdir()
    (root / "setup.cfg").write_text(SETUP)
    (root / "program.py").write_text(text)
    return Program(root, "base", scratch)


def test_cpu_time_counts_ended_threads_and_children() -> None:
    script = """
import subprocess, sys, threading, time
spin = "import time\\nwhile time.process_time() < 0.2: pass"
thread = threading.Thread(target=exec, args=("import time\\nwhile time.thread_time() < 0.2: pass",))
thread.start(); thread.join()
print("thread", flush=True); input()
subprocess.run([sys.executable, "-S", "-c", spin], check=True)
print("child", flush=True); input()
endless = spin + "\\nprint(flush=True); input()"
running = subprocess.Popen([sys.executable, "-S", "-c", endless], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
running.stdout.readline()
print("running", flush=True); input()
running.communicate(b"\\n")
"""
    with subprocess.Popen(
        [sys.executable, "-S", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        meter = CpuMeter(process.pid)
        assert process.stdout.readline() == "thread\n"
        thread = meter.seconds()
        assert 0.2 <= thread < 2
        process.stdin.write("\n")
        assert process.stdout.readline() == "child\n"
        child = meter.seconds()
        assert child - thread >= 0.18  # ended children are counted in steps of 10 ms
        process.stdin.write("\n")
        assert process.stdout.readline() == "running\n"
        assert meter.seconds() - child >= 0.2
        process.stdin.write("\n")
    with pytest.raises(ProgramError, match="has ended"):
        meter.seconds()


def test_the_cost_of_a_line_leaves_out_what_was_before_the_first(tmp_path: Path) -> None:
    spin = "def spin(s):\n    end = time.process_time() + s\n    while time.process_time() < end: pass\n"
    main = "def main():\n    spin(0.5)\n    for n in range(6):\n        spin(0.04)\n        print(n)\n"
    cost = program(tmp_path, f"import time\n{spin}\n{main}").cpu_per_line("annotate", first=2)
    assert 0.02 < cost < 0.1


def test_a_program_that_fails_says_why(tmp_path: Path) -> None:
    text = "import sys\ndef main():\n    print(1)\n    sys.exit('no such camera')\n"
    with pytest.raises(ProgramError, match=r"exit code 1 after 1 lines of output: no such camera"):
        program(tmp_path, text).cpu_per_line("annotate", first=5)


def test_only_the_code_of_the_checkout_runs(tmp_path: Path) -> None:
    strange = program(tmp_path, "def main(): print(1)")
    (strange.root / "setup.cfg").write_text(SETUP.replace("program:main", "json.tool:main"))
    with pytest.raises(ProgramError, match="AssertionError"):
        strange.cpu_per_line("annotate", first=1)


def test_bytecode_is_cached_as_it_is_for_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    made = program(tmp_path, "def main():\n    raise SystemExit(1)")
    with pytest.raises(ProgramError):
        made.cpu_per_line("annotate", first=1)
    assert list(made.root.rglob("program.*.pyc"))


def test_a_server_is_asked_over_one_connection_and_ends(tmp_path: Path) -> None:
    with program(tmp_path, SERVER.replace("CODE", "0")).serve("cameras: []") as server:
        assert server.start_up_s > 0
        assert (server.encoded("a", "c"), server.encoded("b")) == (20, 20)
        assert server.cpu_per_unit(lambda: server.encoded("a"), 10) > 0
        server.require_viewers("a", 3)
        with pytest.raises(ProgramError, match="3 of 4 viewers of a are left"):
            server.require_viewers("a", 4)
        with pytest.raises(ProgramError, match="GET /nothing: 404"):
            server.request("GET", "/nothing")
        meter = server.meter
    with pytest.raises(ProgramError, match="has ended"):
        meter.seconds()


def test_a_connection_that_the_server_has_closed_is_opened_again(tmp_path: Path) -> None:
    with program(tmp_path, SERVER.replace("CODE", "0")).serve("cameras: []") as server:
        answers = [server.request("GET", "/closing") for _ in range(3)]
        server.request("GET", "/api/cameras")
    assert len(set(answers)) == 3


def test_a_server_that_ends_badly_is_an_error(tmp_path: Path) -> None:
    with (
        pytest.raises(ProgramError, match="has ended with 3"),
        program(tmp_path, SERVER.replace("CODE", "3")).serve("cameras: []"),
    ):
        pass


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    with (
        pytest.raises(ProgramError, match="has printed no address") as raised,
        program(tmp_path, "def main(): raise SystemExit('bad file')").serve("cameras: []"),
    ):
        pass
    assert "bad file" in "".join(raised.value.__notes__)


def test_a_server_ends_when_the_benchmark_is_interrupted(tmp_path: Path) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        program(tmp_path, SERVER.replace("CODE", "0")).serve("cameras: []") as server,
    ):
        raise KeyboardInterrupt
    with pytest.raises(ProgramError, match="has ended"):
        server.meter.seconds()
