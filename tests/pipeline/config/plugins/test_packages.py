"""The kinds of installed packages: those added, and the reasons why others are skipped."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline import BUILT_IN, ConfigError, parse, with_packages
from transforms import TRANSFORMS

from .installed import install

NEGATIVE = "[camweave.transforms]\nnegative = MODULE:Negative\n"
USED = """
cameras:
  - {name: scene, model: test_pattern}
  - {name: dark, model: transform, attributes: {source: scene, pipeline: [{type: NAME}]}}
"""


def problems(text: str, tables: object) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text, "test.yaml", Path(), tables=tables)  # type: ignore[arg-type]
    return [str(problem) for problem in caught.value.problems]


def test_without_packages_the_tables_are_unchanged() -> None:
    assert with_packages(BUILT_IN) is BUILT_IN


def test_a_kind_is_added_to_its_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "negatives", NEGATIVE, version="2.1")
    tables = with_packages(BUILT_IN)
    assert [*tables.transforms] == [*TRANSFORMS, "negative"]
    assert [(str(plugin), [str(kind) for kind in plugin.kinds]) for plugin in tables.plugins] == [
        ("package negatives 2.1", ["transform negative"])
    ]
    assert list(tables.errors()) == []
    config = parse(USED.replace("NAME", "negative"), "test.yaml", tmp_path, tables=tables)
    assert config.tables is tables
    assert "negative" not in BUILT_IN.transforms


def test_a_kind_is_added_to_the_tables_of_an_embedding_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "negatives", NEGATIVE)
    assert [*with_packages(replace(BUILT_IN, transforms={})).transforms] == ["negative"]


@pytest.mark.parametrize(
    ("entries", "code", "error"),
    [
        (
            NEGATIVE,
            "import nothing_of_that_name",
            "MODULE:Negative cannot be imported: FILE, line 1: ModuleNotFoundError: No module named "
            "'nothing_of_that_name'; install that module into the environment of camweave",
        ),
        (
            NEGATIVE,
            "\nprint('hello')\nraise SystemExit",
            "MODULE:Negative cannot be imported: FILE, line 3: SystemExit; update the package, or uninstall it",
        ),
        (
            NEGATIVE,
            "x = (",
            "MODULE:Negative cannot be imported: FILE, line 1: SyntaxError: '(' was never closed; update the package, "
            "or uninstall it",
        ),
        (
            NEGATIVE,
            "",
            "MODULE:Negative cannot be imported: AttributeError: module 'MODULE' has no attribute 'Negative'; update "
            "the package, or uninstall it",
        ),
        (NEGATIVE, "class Negative: pass", "Negative is not a subclass of transforms.Transform"),
        (
            "[camweave.transforms]\ndark = MODULE:Negative\n",
            None,
            'Negative is named "negative"; its entry point must have the same name',
        ),
        (
            "[camweave.transform]\nnegative = MODULE:Negative\n",
            None,
            'no group of entry points is called "camweave.transform", did you mean "camweave.transforms"? (known: '
            "camweave.cameras, camweave.transforms, camweave.vision, camweave.runtimes)",
        ),
    ],
    ids=["import", "exit", "syntax", "no-such-name", "base-class", "name", "group"],
)
def test_an_unusable_kind_is_skipped_with_the_reason(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    entries: str,
    code: str | None,
    error: str,
) -> None:
    source = {} if code is None else {"code": code}
    module = install(tmp_path, monkeypatch, "negatives", entries, **source)
    install(tmp_path, monkeypatch, "others", "[camweave.transforms]\nnegative2 = MODULE:Negative\n", OTHER)
    tables = with_packages(BUILT_IN)
    assert [*tables.transforms] == [*TRANSFORMS, "negative2"]
    broken, _ = tables.plugins
    message = error.replace("MODULE", module).replace("FILE", str(tmp_path / "negatives" / f"{module}.py"))
    assert [kind.error for kind in broken.kinds] == [message]
    [sentence] = tables.errors()
    assert sentence == f"package negatives 1.0: {broken.kinds[0]}: {message}"
    assert capsys.readouterr().out == ""


OTHER = """
from cameras import Attributes
from transforms import Transform


class Negative(Transform[Attributes]):
    type_name = "negative2"
    attributes_type = Attributes

    def apply(self, frame):
        return frame
"""


def test_using_a_broken_kind_is_an_error_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = install(tmp_path, monkeypatch, "negatives", NEGATIVE, "import nothing_of_that_name")
    tables = with_packages(BUILT_IN)
    assert problems(USED.replace("NAME", "negative"), tables) == [
        "test.yaml:4:82: cameras[1].attributes.pipeline[0].type: "
        f'"negative" of package negatives 1.0 cannot be used: {module}:Negative cannot be imported: '
        f"{tmp_path / 'negatives' / module}.py, line 1: ModuleNotFoundError: No module named 'nothing_of_that_name'; "
        "install that module into the environment of camweave"
    ]
    assert parse(USED.replace("NAME", "flip"), "test.yaml", tmp_path, tables=tables).cameras


@pytest.mark.parametrize(
    ("table", "base", "text"),
    [
        ("cameras", "", "cameras: [{name: a, model: broken}]"),
        ("vision", "", "services: [{name: a, type: vision, model: broken}]"),
        ("runtimes", "", "services: [{name: a, type: mlmodel, model: broken}]"),
    ],
)
def test_a_broken_kind_of_any_table_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str, base: str, text: str
) -> None:
    install(tmp_path, monkeypatch, "lost", f"[camweave.{table}]\nbroken = MODULE:Broken\n", "Broken = 1")
    [sentence] = problems(text, with_packages(BUILT_IN))
    assert '.model: "broken" of package lost 1.0 cannot be used: 1 is not a subclass of ' in sentence


def test_the_name_of_a_built_in_kind_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = OTHER.replace("negative2", "flip")
    install(tmp_path, monkeypatch, "flips", "[camweave.transforms]\nflip = MODULE:Negative\n", code)
    tables = with_packages(BUILT_IN)
    assert tables.transforms["flip"] is TRANSFORMS["flip"]
    [sentence] = problems(USED.replace("NAME", "flip"), tables)
    assert sentence.endswith(
        '.type: "flip" of package flips 1.0 cannot be used: camweave itself has a transform flip too; rename one, or '
        "remove it"
    )
    assert parse(USED.replace("NAME", "rotate"), "test.yaml", tmp_path, tables=tables).cameras


@pytest.mark.parametrize("name", ["fake", "transform"])
def test_the_name_of_an_alias_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    code = f"""
    from cameras import Attributes, Camera

    class Fake(Camera[Attributes]):
        model_name = "{name}"
        attributes_type = Attributes
        open = read = close = lambda self: None
    """
    install(tmp_path, monkeypatch, "fakes", f"[camweave.cameras]\n{name} = MODULE:Fake\n", code)
    [sentence] = with_packages(BUILT_IN).errors()
    assert sentence.endswith(f"camweave itself has a camera {name} too; rename one, or remove it")


def test_the_name_of_a_kind_of_another_package_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "first", NEGATIVE)
    install(tmp_path, monkeypatch, "second", NEGATIVE, version="3.0")
    tables = with_packages(BUILT_IN)
    assert [*tables.transforms] == [*TRANSFORMS]
    assert list(tables.errors()) == [
        "package first 1.0: transform negative: package second 3.0 has a transform negative too; rename one, or remove "
        "it",
        "package second 3.0: transform negative: package first 1.0 has a transform negative too; rename one, or remove "
        "it",
    ]
    [sentence] = problems(USED.replace("NAME", "negative"), tables)
    assert "package first 1.0" in sentence
    assert "package second 3.0" in sentence
