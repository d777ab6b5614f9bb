"""Plugin files beside a configuration: which ones are run, and the errors of those that cannot be."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import (
    BUILT_IN,
    ConfigError,
    Difference,
    TransformAttributes,
    load,
    load_plugins,
    make_transforms,
    parse,
    with_packages,
)
from pipeline.changes import changes_between
from tests.harness import through
from tests.transforms.pictures import bgr

from .installed import TRANSFORM, install

CAMERAS = """
cameras:
  - {name: scene, model: test_pattern}
  - {name: dark, model: transform, attributes: {source: scene, pipeline: [{type: negative}]}}
"""
BROKEN = """
def helper():
    return missing

helper()
"""


@pytest.fixture(autouse=True)
def modules() -> Iterator[None]:
    """Take the modules of plugins away again."""
    before = dict(sys.modules)
    yield
    for name in sys.modules.keys() - before.keys():
        del sys.modules[name]


def config(folder: Path, plugins: str = "[my_transforms.py]", **files: str) -> Path:
    """Write a configuration with these plugins; files are named without their ending, ``__`` parts folders."""
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    (folder / "test.yaml").write_text(f"plugins: {plugins}{CAMERAS}")
    return folder / "test.yaml"


def wrong(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(path, run_plugins=True)
    return [str(problem).removeprefix(f"{path}:") for problem in caught.value.problems]


def test_the_kinds_of_a_file_can_be_declared(tmp_path: Path) -> None:
    loaded = load(config(tmp_path, my_transforms=TRANSFORM), run_plugins=True)
    assert [str(plugin) for plugin in loaded.tables.plugins] == ["file my_transforms.py"]
    declared = loaded.cameras["dark"].attributes
    assert isinstance(declared, TransformAttributes)
    [negative] = make_transforms(declared, {}, loaded.tables.transforms)
    [out] = through(negative, bgr(8, 6))
    assert (out.image == 255 - bgr(8, 6).image).all()
    assert "negative" not in BUILT_IN.transforms


def test_a_file_can_be_in_a_folder_below(tmp_path: Path) -> None:
    assert load(config(tmp_path, "[kinds/my_transforms.py]", kinds__my_transforms=TRANSFORM), run_plugins=True).cameras


def test_a_file_is_not_run_unless_the_user_named_the_configuration(tmp_path: Path) -> None:
    path = config(tmp_path, my_transforms="raise AssertionError")
    message = "plugins: is only allowed in a file named on the command line"
    with pytest.raises(ConfigError, match=message):
        load(path)
    with pytest.raises(ConfigError, match=message):
        parse(path.read_text(), str(path), tmp_path)


def test_a_machine_file_cannot_run_plugins(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "my_transforms.py").write_text("raise AssertionError")
    machine = tmp_path / "machine.json"
    machine.write_text('{"components": [], "plugins": ["my_transforms.py"]}')
    load(machine, run_plugins=True)
    [warning] = caplog.messages
    assert 'key "plugins"' in warning
    assert "skipped" in warning


def test_a_file_is_run_again_only_after_a_change(tmp_path: Path) -> None:
    path = config(tmp_path, my_transforms=TRANSFORM)
    first = load(path, run_plugins=True)
    tables = first.tables
    assert tables.without_files is BUILT_IN
    same = load(path, tables=tables, run_plugins=True)
    assert same.tables.transforms["negative"] is tables.transforms["negative"]
    assert changes_between(first, same).cameras == Difference(unchanged=("scene", "dark"))
    (tmp_path / "my_transforms.py").write_text(TRANSFORM.replace("255 -", "254 -"))
    changed = load(path, tables=tables, run_plugins=True)
    assert changed.tables.transforms["negative"] is not tables.transforms["negative"]
    assert changed.tables.plugins == tables.plugins
    assert changes_between(first, changed).cameras == Difference(changed=("dark",), unchanged=("scene",))
    path.write_text(CAMERAS.replace("negative", "flip"))
    assert load(path, tables=changed.tables, run_plugins=True).tables is BUILT_IN


def test_files_of_the_same_name_in_two_folders_are_distinct(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        code = TRANSFORM if name == "one" else TRANSFORM.replace("255 -", "254 -")
        assert load(config(tmp_path / name, my_transforms=code), run_plugins=True).cameras
    assert sys.modules["my_transforms"].__file__ == str(tmp_path / "two" / "my_transforms.py")


def test_a_file_on_the_import_path_is_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    assert load(config(tmp_path, my_transforms=TRANSFORM), run_plugins=True).cameras


@pytest.mark.parametrize(
    ("plugins", "message"),
    [
        ("5", "1:10: plugins: must be a list of files, got a number"),
        ("[5]", "1:11: plugins[0]: must be the name of a file, got 5"),
        ("[gone.py]", "1:11: plugins[0]: no such file: FOLDER/gone.py"),
        ("[folder.py]", "1:11: plugins[0]: is not a file: FOLDER/folder.py"),
        ("[../a.py]", '1:11: plugins[0]: must be a file beside this one, or in a folder below, got "../a.py"'),
        ("[/a.py]", '1:11: plugins[0]: must be a file beside this one, or in a folder below, got "/a.py"'),
        ("[~/a.py]", '1:11: plugins[0]: must be a file beside this one, or in a folder below, got "~/a.py"'),
        ("[link.py]", "1:11: plugins[0]: is a link that leads out of the folder of this file, to OUTSIDE"),
        (
            "[my-file.py]",
            '1:11: plugins[0]: must be named like a Python module, such as "my_transforms.py", got "my-file.py"',
        ),
        (
            "[file.txt]",
            '1:11: plugins[0]: must be named like a Python module, such as "my_transforms.py", got "file.txt"',
        ),
        ("[json.py]", "1:11: plugins[0]: has the name of another Python module, json; rename the file"),
        ("[cameras.py]", "1:11: plugins[0]: has the name of another Python module, cameras; rename the file"),
        (
            "[broken.py]",
            "1:11: plugins[0]: cannot be loaded: FOLDER/broken.py, line 3: NameError: name 'missing' is not defined; "
            "correct it, or remove the file from plugins",
        ),
        (
            "[syntax.py]",
            "1:11: plugins[0]: cannot be loaded: FOLDER/syntax.py, line 1: SyntaxError: '(' was never closed; correct "
            "it, or remove the file from plugins",
        ),
        (
            "[lacks.py]",
            "1:11: plugins[0]: cannot be loaded: FOLDER/lacks.py, line 1: ModuleNotFoundError: No module named "
            "'nothing_of_that_name'; install that module into the environment of camweave",
        ),
        (
            "[imports.py]",
            "1:11: plugins[0]: cannot be loaded: FOLDER/imports.py, line 1: ModuleNotFoundError: No module named "
            "'broken'; plugin files cannot import each other: merge them, or make a package of them",
        ),
        (
            "[empty.py]",
            "1:11: plugins[0]: has no public class that derives from cameras.Camera, transforms.Transform, "
            "vision.VisionService or vision.Runtime",
        ),
        ("[good.py, good.py]", "1:20: plugins[1]: a file of that name is already listed on line 1"),
        (
            "[good.py, same.py]",
            "1:11: plugins[0]: FOLDER/good.py, line 8: file same.py has a transform negative too; rename one, or "
            "remove it",
        ),
        (
            "[taken.py]",
            "1:11: plugins[0]: FOLDER/taken.py, line 8: camweave itself has a transform flip too; rename one, or "
            "remove it",
        ),
        (
            "[unfinished.py]",
            "1:11: plugins[0]: FOLDER/unfinished.py, line 8: Negative lacks apply, which every subclass of Transform "
            "must define",
        ),
    ],
)
def test_the_error_of_a_file_is_reported_at_its_entry(
    tmp_path_factory: pytest.TempPathFactory, plugins: str, message: str
) -> None:
    folder, outside = tmp_path_factory.mktemp("config"), tmp_path_factory.mktemp("outside") / "a.py"
    outside.write_text(TRANSFORM)
    (folder / "link.py").symlink_to(outside)
    (folder / "folder.py").mkdir()
    path = config(
        folder,
        plugins,
        json=TRANSFORM,
        cameras=TRANSFORM,
        broken=BROKEN,
        syntax="x = (\n",
        lacks="import nothing_of_that_name",
        imports="import broken",
        empty="from transforms import Transform\n\n\nclass _Hidden(Transform): pass\n",
        good=TRANSFORM,
        same=TRANSFORM,
        taken=TRANSFORM.replace('"negative"', '"flip"'),
        unfinished=TRANSFORM.replace("def apply", "def applied"),
    )
    assert wrong(path)[0] == message.replace("FOLDER", str(folder)).replace("OUTSIDE", str(outside))
    assert all("plugins" in problem for problem in wrong(path)), "consequences of a missing kind are not reported"


def test_all_invalid_files_are_reported(tmp_path: Path) -> None:
    path = config(tmp_path, "[a.py, b.py, ../c.py]", a=BROKEN, b="raise ValueError('no')")
    assert [problem.split(" ")[1] for problem in wrong(path)] == ["plugins[0]:", "plugins[1]:", "plugins[2]:"]


def test_a_failed_module_is_removed_from_sys_modules(tmp_path: Path) -> None:
    wrong(config(tmp_path, my_transforms=BROKEN))
    assert "my_transforms" not in sys.modules
    (tmp_path / "my_transforms.py").write_text(TRANSFORM)
    assert load(tmp_path / "test.yaml", run_plugins=True).cameras


def test_a_file_cannot_take_the_name_of_a_package_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "negatives", "[camweave.transforms]\nnegative = MODULE:Negative\n")
    with pytest.raises(ConfigError, match="package negatives 1.0 has a transform negative too"):
        load(config(tmp_path, my_transforms=TRANSFORM), tables=with_packages(BUILT_IN), run_plugins=True)


def test_plugins_can_be_loaded_from_an_otherwise_invalid_configuration(tmp_path: Path) -> None:
    path = config(tmp_path, my_transforms=TRANSFORM)
    path.write_text(path.read_text().replace("test_pattern", "no_such_camera"))
    assert "negative" in load_plugins(path, BUILT_IN).transforms
    path.write_text(CAMERAS)
    assert load_plugins(path, BUILT_IN) is BUILT_IN


def test_an_empty_list_adds_no_plugin(tmp_path: Path) -> None:
    path = config(tmp_path, "")
    path.write_text(path.read_text().replace("negative", "flip"))
    assert load(path, run_plugins=True).tables.plugins == ()


FRAGILE = """
from cameras import Attributes, Frame
from pydantic import field_validator
from transforms import Transform


class FragileAttributes(Attributes):
    level: int = 0

    @field_validator("level")
    @classmethod
    def _fails(cls, level: int) -> int:
        if level == 1:
            raise RuntimeError("a bug in a validator")
        return level

    def check(self):
        raise KeyError("a bug in a check")


class Fragile(Transform[FragileAttributes]):
    type_name = "fragile"
    attributes_type = FragileAttributes

    def apply(self, frame: Frame) -> Frame:
        return frame
"""


@pytest.mark.parametrize(
    ("level", "message"),
    [
        (1, "FragileAttributes cannot check it: RuntimeError: a bug in a validator"),
        (2, "cannot be checked: KeyError: 'a bug in a check'"),
    ],
)
def test_an_exception_in_a_plugin_check_is_reported_at_the_attributes(tmp_path: Path, level: int, message: str) -> None:
    (tmp_path / "fragile.py").write_text(FRAGILE)
    path = tmp_path / "test.yaml"
    path.write_text(
        "plugins: [fragile.py]\ncameras:\n  - {name: a, model: test_pattern}\n  - name: b\n    model: transform\n"
        f"    attributes: {{source: a, pipeline: [{{type: fragile, attributes: {{level: {level}}}}}]}}\n"
    )
    assert wrong(path) == [f"6:68: cameras[1].attributes.pipeline[0].attributes: {message}"]
