"""Following the file, and changing values live."""

import threading
from pathlib import Path

import pytest

from pipeline import Config, ConfigError, Graph
from server.configuration import Conflict

from .files import TEXT, reloading, written

BROKEN = TEXT.replace("confidence_threshold: 0.5", "confidence_threshold: 5")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return written(tmp_path)


def threshold(graph: Graph) -> float:
    return float(graph.config.cameras["seen"].attributes.pipeline[0].attributes.confidence_threshold)  # type: ignore[attr-defined]


def test_what_changed_is_applied_and_named(path: Path) -> None:
    with reloading(path) as (reloader, graph, changes):
        kept = graph.feeds["scene"], graph.feeds["scene"].producer
        written(
            path.parent,
            TEXT.replace("_threshold: 0.5", "_threshold: 0.25").replace("scene, model", "scene, preload: false, model"),
        )
        done = reloader.reload()
        assert (done.changed, done.restart_needed) == (("seen",), ())
        assert threshold(graph) == 0.25
        assert (graph.feeds["scene"], graph.feeds["scene"].producer) == kept
        assert changes == ["changed"]


def test_added_and_removed_cameras_are_named(path: Path) -> None:
    with reloading(path) as (reloader, graph, _):
        written(path.parent, TEXT.replace("name: seen", "name: watched"))
        assert reloader.reload().changed == ("watched", "seen")
        assert list(graph.feeds) == ["scene", "watched"]


def test_a_file_that_is_wrong_changes_nothing_and_is_remembered(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with reloading(path) as (reloader, graph, changes):
        before = graph.config
        written(path.parent, BROKEN)
        for _ in range(2):
            with pytest.raises(ConfigError):
                reloader.reload()
        assert graph.config is before
        (problem,) = reloader.status.problems
        assert (problem.line, problem.message) == (9, "must be between 0 and 1, got 5")
        lines = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
        assert len(lines) == 2, "the second time says nothing new"
        assert lines[1] == str(problem)
        assert changes == ["changed"]
        written(path.parent)
        reloader.reload()
        assert reloader.status.problems == ()


def test_a_file_that_has_gone_changes_nothing(path: Path) -> None:
    with reloading(path) as (reloader, graph, _):
        path.unlink()
        reloader.try_reload()
        assert [problem.message for problem in reloader.status.problems] == ["no such file"]
        assert list(graph.feeds) == ["scene", "seen"]


def test_a_model_that_cannot_be_used_changes_nothing(path: Path) -> None:
    with reloading(path) as (reloader, graph, _):
        model = path.with_name("broken.tflite")
        model.write_bytes(b"no model")
        text = TEXT.replace("color_detector", "mlmodel").replace(
            '{detect_color: "#ff0000", hue_tolerance_pct: 0.1, segment_size_px: 1}', "{model_path: broken.tflite}"
        )
        written(path.parent, text)
        with pytest.raises(ConfigError, match="broken.tflite: "):
            reloader.reload()
        assert reloader.problems_of(text, models=False) == []
        assert [problem.line for problem in reloader.problems_of(text)] == [15]
        assert graph.services["red"].model_name == "color_detector"


def test_live_values_are_served_and_not_in_the_file(path: Path) -> None:
    with reloading(path) as (reloader, graph, changes):
        version = reloader.status.version
        reloader.patch("seen", 0, {"confidence_threshold": 0.25})
        assert threshold(graph) == 0.25
        assert path.read_text("utf-8") == TEXT
        assert [each.attributes for each in reloader.status.unsaved] == [{"confidence_threshold": 0.25}]
        assert reloader.status.version != version
        assert changes == ["changed"]
        written(path.parent, TEXT.replace("x_max_px: 0.5", "x_max_px: 0.75"))
        reloader.reload()
        assert threshold(graph) == 0.25
        written(path.parent, TEXT.replace("_threshold: 0.5", "_threshold: 0.75"))
        reloader.reload()
        assert threshold(graph) == 0.75
        assert reloader.status.unsaved == ()


def test_a_wrong_live_value_changes_nothing(path: Path) -> None:
    with reloading(path) as (reloader, graph, changes):
        with pytest.raises(ConfigError):
            reloader.patch("seen", 0, {"confidence_threshold": 2})
        with pytest.raises(LookupError):
            reloader.patch("seen", 9, {})
        assert threshold(graph) == 0.5
        assert reloader.status.unsaved == ()
        assert changes == []


def test_live_values_are_saved_and_nothing_else_is(path: Path) -> None:
    with reloading(path) as (reloader, graph, _):
        reloader.patch("seen", 0, {"confidence_threshold": 0.25})
        values, _ = reloader.save()
        assert [each.attributes for each in values] == [{"confidence_threshold": 0.25}]
        assert path.read_text("utf-8") == TEXT.replace("_threshold: 0.5", "_threshold: 0.25")
        assert path.with_name("cameras.yaml.bak").read_text("utf-8") == TEXT
        assert reloader.status.unsaved == ()
        assert threshold(graph) == 0.25


def test_a_save_applies_what_the_file_says_by_then(path: Path) -> None:
    with reloading(path) as (reloader, graph, _):
        reloader.patch("seen", 0, {"confidence_threshold": 0.25})
        written(path.parent, TEXT.replace("x_max_px: 0.5", "x_max_px: 0.75"))
        reloader.save()
        text = path.read_text("utf-8")
        assert "confidence_threshold: 0.25" in text and "x_max_px: 0.75" in text
        reloader.patch("seen", 0, {"confidence_threshold": 0.1})
        written(path.parent, text.replace("_threshold: 0.25", "_threshold: 0.9"))
        with pytest.raises(Conflict, match="no longer fit"):
            reloader.save()
        assert threshold(graph) == 0.9


def test_a_text_is_written_and_applied(path: Path) -> None:
    with reloading(path) as (reloader, graph, _):
        text, version = reloader.read_text()
        assert text == TEXT
        done, new = reloader.write(TEXT.replace("_threshold: 0.5", "_threshold: 0.25"), version)
        assert done.changed == ("seen",)
        assert threshold(graph) == 0.25
        assert reloader.read_text() == (path.read_text("utf-8"), new)
        with pytest.raises(Conflict):
            reloader.write(TEXT, version)


def test_a_text_that_is_wrong_is_not_written(path: Path) -> None:
    with reloading(path) as (reloader, graph, _):
        _, version = reloader.read_text()
        with pytest.raises(ConfigError):
            reloader.write(BROKEN, version)
        (path.parent / "mine.py").write_text("", "utf-8")
        with pytest.raises(ConfigError, match="plugins can only be changed in the file itself"):
            reloader.write(TEXT + "plugins: [mine.py]\n", version)
        assert path.read_text("utf-8") == TEXT
        assert reloader.status.problems == ()
        assert threshold(graph) == 0.5


def test_a_link_mode_and_byte_order_mark_stay(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    real = written(tmp_path / "real")
    real.write_bytes(b"\xef\xbb\xbf" + TEXT.encode())
    real.chmod(0o640)
    link = tmp_path / "cameras.yaml"
    link.symlink_to("real/cameras.yaml")
    with reloading(link) as (reloader, _, _):
        reloader.write(TEXT + "# more\n", reloader.read_text()[1])
    assert link.is_symlink()
    assert real.read_bytes() == b"\xef\xbb\xbf" + TEXT.encode() + b"# more\n"
    assert real.stat().st_mode & 0o777 == 0o640
    assert sorted(each.name for each in real.parent.iterdir()) == ["cameras.yaml", "cameras.yaml.bak"]


def test_a_secret_never_leaves_and_stays(tmp_path: Path) -> None:
    text = TEXT + "server: {tokens: [a-long-token-of-mine]}\n"
    path = written(tmp_path, text)
    with reloading(path) as (reloader, _, _):
        shown, version = reloader.read_text()
        assert "a-long-token" not in shown
        reloader.write(shown + "# more\n", version)
        assert path.read_text("utf-8") == text + "# more\n"
        shown, version = reloader.read_text()
        (problem,) = reloader.problems_of(shown.replace("# more", "x: \u2022\u2022\u2022\u2022\u2022\u2022"))
        assert (problem.line, problem.column, problem.path) == (text.count("\n") + 1, 4, "x")
        assert problem.message == "the dots stand for no secret that is known; type it again"


def test_a_graph_that_is_closed_refuses(path: Path) -> None:
    with reloading(path) as (reloader, graph, _):
        graph.close()
        written(path.parent, TEXT.replace("_threshold: 0.5", "_threshold: 0.25"))
        with pytest.raises(RuntimeError, match="closed"):
            reloader.reload()
        reloader.try_reload()


def test_changes_are_made_one_after_the_other(path: Path) -> None:
    with reloading(path) as (reloader, graph, _):
        threads = [
            threading.Thread(target=reloader.patch, args=("seen", 0, {"confidence_threshold": number / 20}))
            for number in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = threshold(graph)
        assert [each.attributes for each in reloader.status.unsaved] in ([{"confidence_threshold": found}], [])


def test_a_value_that_was_saved_stays_with_its_transform(path: Path) -> None:
    crop = "        - {type: crop, attributes: {x_max_px: 0.5, y_max_px: 1}}\n"
    twins = TEXT.replace(crop, crop * 2)
    written(path.parent, twins)
    with reloading(path) as (reloader, _, _):
        reloader.patch("seen", 1, {"x_max_px": 0.25})
        reloader.save()
        assert path.read_text("utf-8") == twins.replace("x_max_px: 0.5", "x_max_px: 0.25", 1)
        assert reloader.status.unsaved == ()


def test_a_live_value_never_makes_a_file_wrong(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    redact = "        - {type: redact, attributes: {detector_name: red}}\n"
    text = TEXT.replace("      pipeline:\n", f"      pipeline:\n{redact}")
    written(path.parent, text)
    with reloading(path) as (reloader, graph, _):
        reloader.patch("seen", 0, {"valid_labels": list(graph.services["red"].labels)})
        assert reloader.status.unsaved
        written(path.parent, text.replace("detect_color:", "label: rouge, detect_color:"))
        reloader.reload()
        assert reloader.status.unsaved == ()
        assert graph.services["red"].labels == ("rouge",)
        assert "no longer fit" in caplog.text


def test_a_bug_is_a_problem_and_is_tried_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with reloading(path) as (reloader, graph, _):

        def fail(config: Config) -> None:
            raise KeyError("a bug")

        with monkeypatch.context() as broken:
            broken.setattr(graph, "reconfigure", fail)
            assert not reloader.try_reload()
            assert "KeyError" in reloader.status.problems[0].message
        assert reloader.try_reload()
        assert reloader.status.problems == ()


def test_files_that_a_refused_file_names_are_watched(path: Path) -> None:
    with reloading(path) as (reloader, _, _):
        written(
            path.parent,
            TEXT.replace("color_detector", "mlmodel").replace(
                '{detect_color: "#ff0000", hue_tolerance_pct: 0.1, segment_size_px: 1}', "{model_path: new.tflite}"
            ),
        )
        assert reloader.try_reload()
        assert path.with_name("new.tflite") in reloader.files()
        path.with_name("new.tflite").write_bytes(b"damaged")
        assert reloader.try_reload()
        assert path.with_name("new.tflite") in reloader.files()
        written(path.parent)
        assert reloader.try_reload()
        assert list(reloader.files()) == [path]


def test_a_file_that_changes_while_its_text_is_checked_is_not_overwritten(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with reloading(path) as (reloader, graph, _):
        _, version = reloader.read_text()
        monkeypatch.setattr(graph, "check", lambda config: written(path.parent, TEXT + "# theirs\n"))
        with pytest.raises(Conflict):
            reloader.write(TEXT + "# mine\n", version)
        assert path.read_text("utf-8") == TEXT + "# theirs\n"


def test_what_was_written_here_is_not_applied_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with reloading(path) as (reloader, graph, changes):
        reloader.write(TEXT + "# more\n", reloader.read_text()[1])
        changes.clear()
        assert reloader.follow()
        assert changes == []
        written(path.parent)
        assert reloader.follow()
        assert changes == ["changed"]
