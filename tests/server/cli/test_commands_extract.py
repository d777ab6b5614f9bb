"""``camweave extract``: a line for each event, and the exit code."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cameras import event_unit, with_event
from server.cli import cli
from tests.streams.recordings import carrying, event, plain_pictures, write_recording


def extract(path: Path) -> Result:
    return CliRunner().invoke(cli, ["extract", str(path)], prog_name="camweave")


def test_the_predictions_in_a_recording_are_printed(tmp_path: Path) -> None:
    pictures = [carrying(picture, event(number)) for number, picture in enumerate(plain_pictures(5))]
    result = extract(write_recording(tmp_path / "a.mkv", pictures))
    assert (result.exit_code, result.stderr) == (0, "")
    assert [json.loads(line) for line in result.stdout.splitlines()] == [event(number) for number in range(5)]


def test_a_recording_without_predictions_prints_nothing_and_says_so(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "a.mp4", plain_pictures(5))
    result = extract(path)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"{path} has no predictions; a recording of stream.flv?data=true does\n"


def test_damaged_events_are_left_out_and_the_exit_code_is_1(tmp_path: Path) -> None:
    first, second = plain_pictures(2)
    pictures = [with_event(first, event_unit(b"{}")), with_event(second, event_unit(b"[]"))]
    path = write_recording(tmp_path / "a.flv", pictures)
    result = extract(path)
    assert (result.exit_code, result.stdout) == (1, "{}\n")
    assert result.stderr == f"camweave: {path}: 1 of 2 events are damaged: got a list, wanted a JSON object\n"


@pytest.mark.parametrize("what", ["missing", "empty"])
def test_what_cannot_be_read_is_an_error(what: str, tmp_path: Path) -> None:
    path = tmp_path / "a.flv"
    if what == "empty":
        path.touch()
    result = extract(path)
    assert (result.exit_code, result.stdout) == (1, "")
    sentence = f"no such file: {path}" if what == "missing" else f"{path} is empty"
    assert result.stderr == f"camweave: {sentence}\n"


def test_the_address_of_a_stream_is_refused() -> None:
    result = CliRunner().invoke(cli, ["extract", "http://127.0.0.1:8080/api/cameras/porch/stream.flv?data=true"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "save the stream first" in result.stderr
