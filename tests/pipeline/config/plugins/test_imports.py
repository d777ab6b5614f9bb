"""Error messages for plugin code that fails."""

import sys
from pathlib import Path

import pytest

from pipeline.config.plugins.imports import ImportFailed, failures


def test_the_output_of_plugins_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with failures("update it"):
        print("hello")
    assert capsys.readouterr() == ("", "hello\n")


def test_the_line_and_a_remedy_are_named() -> None:
    with pytest.raises(ImportFailed) as caught, failures("update it"):
        raise ValueError("first line\nsecond line")
    line = caught.value.__cause__.__traceback__.tb_next.tb_lineno  # type: ignore[union-attr]
    assert str(caught.value) == f"{__file__}, line {line}: ValueError: first line; update it"


def test_the_last_line_inside_the_given_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "kinds.py"
    code = compile("\n\nimport json\njson.loads('x')", str(file), "exec")
    with pytest.raises(ImportFailed, match=f"^{file}, line 4: JSONDecodeError: Expecting value"), failures("", file):
        exec(code, {})


def test_a_file_outside_the_traceback_is_named_without_a_line(tmp_path: Path) -> None:
    file = tmp_path / "kinds.py"
    with pytest.raises(ImportFailed, match=f"^{file}: ValueError; update it$"), failures("update it", file):
        raise ValueError


def test_sys_exit_is_a_failure() -> None:
    with pytest.raises(ImportFailed, match="SystemExit: 3"), failures(""):
        sys.exit(3)


def test_a_keyboard_interrupt_is_not_a_failure() -> None:
    with pytest.raises(KeyboardInterrupt), failures(""):
        raise KeyboardInterrupt
