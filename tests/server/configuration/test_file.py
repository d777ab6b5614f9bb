"""What a file would be served as while the server runs."""

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from pipeline import ConfigError, Graph, load
from server.configuration import ConfigFile, ServeOptions, version_of

from .files import TEXT, written


def file_of(folder: Path, text: str = TEXT, options: ServeOptions = ServeOptions()) -> ConfigFile:  # noqa: B008
    return ConfigFile(load(written(folder, text)), options)


def test_the_file_is_read_with_the_options_of_the_start(tmp_path: Path) -> None:
    file = file_of(tmp_path, options=ServeOptions(port=9000, token=SecretStr("a-long-token-of-mine")))
    written(tmp_path, TEXT + "server: {tokens: [another-long-token-here]}\n")
    state = file.read()
    assert state.config.server.port == 9000
    assert len(state.config.server.tokens) == 2
    assert state.restart_needed == ()


@pytest.mark.parametrize(
    ("server", "key"),
    [
        ("port: 9001", "server.port"),
        ("host: 127.0.0.2", "server.host"),
        ("names: [cams.example]", "server.names"),
        ("base_path: /cams", "server.base_path"),
        ("tls: self-signed", "server.tls"),
        ("viam: {port: 9002}", "server.viam"),
    ],
)
def test_what_the_server_reads_once_needs_a_restart_and_stays(tmp_path: Path, server: str, key: str) -> None:
    file = file_of(tmp_path)
    state = file.state_of(TEXT + f"server: {{{server}}}\n")
    assert state.restart_needed == (key,)
    assert state.config.server == file.served.server


def test_limits_tokens_and_ice_hold_at_once(tmp_path: Path) -> None:
    text = TEXT + "server: {limits: {inputs: 3}, allow_image_urls: true, ice: {udp_ports: 5000-5010}}\n"
    state = file_of(tmp_path).state_of(text)
    assert state.restart_needed == ()
    assert state.config.server.limits.inputs == 3
    assert state.config.server.allow_image_urls
    assert state.config.server.ice.udp_ports == (5000, 5010)


def test_the_last_token_of_an_open_server_cannot_go(tmp_path: Path) -> None:
    open_server = "server: {host: 0.0.0.0, tokens: [a-long-token-of-mine]}\n"
    file = file_of(tmp_path, TEXT + open_server)
    with pytest.raises(ConfigError, match="there are no tokens") as refused:
        file.state_of(TEXT + "server: {host: 0.0.0.0}\n")
    assert "a-long-token" not in str(refused.value)
    # Not even with an address of this machine, which would hold after a restart only.
    with pytest.raises(ConfigError, match="there are no tokens"):
        file.state_of(TEXT)


def test_a_text_that_lists_other_plugins_runs_none_of_them(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("raise SystemExit('it ran')", "utf-8")
    file = file_of(tmp_path)
    assert file.state_of(TEXT + "plugins: [mine.py]\n").restart_needed == ("plugins",)
    unknown = TEXT.replace("type: crop, attributes: {x_max_px: 0.5, y_max_px: 1}", "type: mine")
    found = file.problems_of(unknown + "plugins: [mine.py]\n")
    assert [(each.path, each.message) for each in found if each.path == "plugins"] == [
        ("plugins", "lists other files than those that are loaded; restart the program to load them")
    ]


def test_problems_have_their_places(tmp_path: Path) -> None:
    (found,) = file_of(tmp_path).problems_of(TEXT.replace("0.5}", "5}", 1))
    assert (found.line, found.column, found.path) == (
        9,
        66,
        "cameras[1].attributes.pipeline[0].attributes.confidence_threshold",
    )


def test_a_pipe_is_not_read_a_second_time(tmp_path: Path) -> None:
    file = file_of(tmp_path)
    file.path.unlink()
    with pytest.raises(ConfigError, match="no such file"):
        file.read()
    os.mkfifo(file.path)
    with pytest.raises(ConfigError, match="a pipe or a device"):
        file.read()
    file.path.unlink()
    file.path.mkdir()
    with pytest.raises(ConfigError, match="is a folder, not a file"):
        file.read()


def test_pages_may_change_the_file_only_where_nobody_else_can(tmp_path: Path) -> None:
    tokens = "server: {tokens: [a-long-token-of-mine]}\n"
    assert file_of(tmp_path).is_editable
    assert not file_of(tmp_path, TEXT + tokens).is_editable
    assert not file_of(tmp_path, options=ServeOptions(host="0.0.0.0", insecure=True)).is_editable
    assert ConfigFile(load(written(tmp_path, TEXT + tokens)), editable=True).is_editable


def test_another_text_has_another_version() -> None:
    assert version_of("a") != version_of("b")
    assert version_of("a") == version_of("a")


def test_a_text_tries_files_of_elsewhere_only_where_the_file_may_be_changed(tmp_path: Path) -> None:
    (tmp_path / "served").mkdir()
    (tmp_path / "other.txt").write_text("a secret", "utf-8")
    text = TEXT.replace("color_detector", "mlmodel").replace(
        '{detect_color: "#ff0000", hue_tolerance_pct: 0.1, segment_size_px: 1}', "{model_path: ../other.txt}"
    )
    graph = Graph(load(written(tmp_path / "served")))
    closed = file_of(tmp_path / "served", options=ServeOptions(host="0.0.0.0", insecure=True))
    (found,) = closed.problems_of(text, graph)
    assert "is not beside the configuration" in found.message
    assert "secret" not in found.message
    (found,) = file_of(tmp_path / "served").problems_of(text, graph)
    assert "is not a TFLite model" in found.message
    graph.close()


def test_a_file_is_writable_if_it_and_its_folder_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = file_of(tmp_path)
    assert file.is_writable
    for read_only in (str(file.path), str(tmp_path)):
        monkeypatch.setattr(os, "access", lambda path, mode, refused=read_only: str(path) != refused)
        assert not file.is_writable
