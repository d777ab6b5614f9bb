"""Imports: to the left only, through public interfaces only, without cycles; and no folder holds too many files."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Left to right, as frames go. configs/ is what server shows, made by what stands left of it.
ROOMS = ("cameras", "vision", "transforms", "pipeline", "streams", "configs", "server")
# The sub-packages of each package, left to right. They stand left of the package's own modules.
SUBPACKAGES: Mapping[str, tuple[str, ...]] = {
    "cameras": ("threads", "network", "timing", "annotations", "processes", "picture", "coded", "pattern"),
    "cameras/picture": ("formats",),
    "vision": ("runtimes", "inputs", "outputs", "captioning"),
    "vision/outputs": ("scores", "heads"),
    "vision/runtimes": ("encodings", "files", "label_forms"),
    "transforms": ("painting", "modes"),
    "pipeline": ("camera_config", "execution", "feeds", "producers", "config"),
    "pipeline/config": ("nodes", "declarations", "plugins", "validation", "viam", "text"),
    "streams": ("viewing", "rtp", "predictions", "encoding", "exits", "rtsp", "webrtc"),
    "configs": ("training",),
    "server": (
        "process",
        "program",
        "core",
        "configuration",
        "connections",
        "metrics",
        "drafts",
        "grpc",
        "http",
        "viam",
        "clarifai",
        "rtsp",
        "run",
        "cli",
    ),
    "server/core": ("requests", "access"),
    "server/http": ("messages", "access", "routes"),
}
# Sub-packages that stand side by side: none imports another.
SIBLINGS = (("server/http", "server/viam", "server/clarifai", "server/rtsp"),)
# More files than a reader can keep apart, unless each is one kind of the same thing.
FILES_MAX = 15
# Folders that still hold more. To be emptied.
CROWDED: tuple[str, ...] = ()
# The tables of the rooms, and the class attributes that make a class a kind.
TABLES = {
    "cameras": ("CAMERAS", "PREDICTIONS"),
    "vision": ("VISION_SERVICES", "RUNTIMES"),
    "transforms": ("TRANSFORMS",),
    "pipeline": ("PRODUCERS",),
}
KIND_NAMES = ("model_name", "type_name", "plural")
# Not part of the program, but run in the clone: may look behind the public interfaces, never to the right.
TOOLS = "configs/training/"
# Heavy or foreign things stay in one place.
PLACES = {
    "ai_edge_litert": ("vision/runtimes/litert.py", TOOLS),
    "tflite_runtime": ("vision/runtimes/litert.py",),
    "onnxruntime": ("vision/runtimes/onnx.py",),
    "uharfbuzz": ("transforms/painting/faces.py",),
    "fontpkg": ("transforms/painting/fonts.py",),
    "aiortc": ("streams/webrtc/",),
    "aioice": ("streams/webrtc/",),
    "pylibsrtp": ("streams/rtp/", "streams/webrtc/internals.py"),
    "yaml": ("pipeline/config/nodes/", "vision/runtimes/label_forms/yaml_names.py"),
    "fastapi": ("server/http/", "server/clarifai/rest.py"),
    "starlette": ("server/http/", "server/clarifai/rest.py"),
    "uvicorn": ("server/http/server.py", "server/http/protocol.py"),
    "wsproto": ("server/http/websocket.py",),
    "typer": ("server/cli/",),
    "watchfiles": ("server/configuration/watcher.py",),
    "rich": ("server/cli/progress.py",),
    "prometheus_client": ("server/metrics/program.py",),
    "clarifai_grpc": ("server/clarifai/",),
    "grpc": (),
    "viam": ("server/viam/",),
    "grpclib": ("server/grpc/", "server/viam/", "server/clarifai/grpc_server.py"),
    "tests": (),
    "benchmarks": (),
}


@cache
def parsed(path: Path) -> ast.Module:
    """Read a file, once."""
    return ast.parse(path.read_text("utf-8"), str(path))


def modules(root: Path, *folders: str) -> Iterator[tuple[Path, ast.Module]]:
    """Yield every Python file of the folders, read."""
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            yield path.relative_to(root), parsed(path)


def imports(tree: ast.Module) -> Iterator[tuple[int, int, str, tuple[str, ...]]]:
    """Yield line, level, module and imported names of each import, also of those inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, 0, alias.name, ()
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.level, node.module or "", tuple(alias.name for alias in node.names)


def public_names(root: Path, folder: str) -> set[str]:
    """Give what the public interface of a package lists in ``__all__``."""
    for node in parsed(root / folder / "__init__.py").body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
                return set(ast.literal_eval(node.value))
    return set()


def public_interfaces(root: Path) -> dict[str, set[str]]:
    """Give the public names of every package of the rooms, by its folder, such as ``pipeline/config``."""
    folders = (
        path.parent.relative_to(root).as_posix() for room in ROOMS for path in (root / room).rglob("__init__.py")
    )
    return {folder: public_names(root, folder) for folder in sorted(folders)}


def wrong_imports(root: Path, order: Mapping[str, tuple[str, ...]] = SUBPACKAGES) -> list[str]:
    """Name each import that crosses a border in the wrong direction or not through the public interface."""
    wrong = []
    interfaces = public_interfaces(root)
    for path, tree in modules(root, *(room for room in ROOMS if room in interfaces)):
        room = path.parts[0]
        tool = path.as_posix().startswith(TOOLS)
        for line, level, module, names in imports(tree):
            where = f"{path}:{line}: "
            target, _, inner = module.partition(".")
            if level:
                if level >= len(path.parts):
                    wrong.append(f"{where}a relative import leaves {room}")
                else:
                    steps = tuple(module.split(".")) if module else ()
                    found = wrong_steps(path.parts[:-1], level, steps, names, tree, interfaces, order)
                    wrong += [f"{where}{message}" for message in found]
            elif target in PLACES and not path.as_posix().startswith(PLACES[target]):
                wrong.append(f"{where}{target} belongs to {' and '.join(PLACES[target]) or 'no room'}")
            elif target in ROOMS:
                if target == room:
                    wrong.append(f"{where}imports inside {room} are relative")
                elif ROOMS.index(target) > ROOMS.index(room):
                    wrong.append(f"{where}{target} stands right of {room}")
                elif tool:
                    continue
                elif inner:
                    wrong.append(f"{where}{module} is not the public interface of {target}")
                else:
                    wrong += [
                        f"{where}{name} is not in {target}.__all__"
                        for name in names
                        if name not in interfaces.get(target, ())
                    ]
    return wrong


def wrong_steps(
    package: tuple[str, ...],
    level: int,
    steps: tuple[str, ...],
    names: Iterable[str],
    tree: ast.Module,
    interfaces: Mapping[str, set[str]],
    order: Mapping[str, tuple[str, ...]],
) -> Iterator[str]:
    """Say what is wrong with a relative import.

    Args:
        package: The folders of the module that imports.
        level: How many dots the import has.
        steps: What follows the dots.
        names: What is imported from there.
        tree: The module that imports.
        interfaces: The public names of each package.
        order: The sub-packages of each package, left to right.
    """
    base = package[: len(package) - level + 1]
    folder = "/".join(base)
    here = "/".join(package)
    if not steps:  # ``from . import name``: modules, sub-packages or names of the package itself
        for name in names:
            if f"{folder}/{name}" in interfaces:
                yield from wrong_steps(package, level, (name,), attributes_of(tree, name), tree, interfaces, order)
            elif level > 1:
                yield f"{here} stands left of the modules of {folder}"
        return
    target = f"{folder}/{steps[0]}"
    if level > 1:
        own = package[len(base)]
        if steps[0] == own:
            yield f"imports inside {target} have one dot"
            return
        if target not in interfaces:
            yield f"{here} stands left of the modules of {folder}"
            return
        places = order.get(folder, ())
        if own in places and steps[0] in places and places.index(steps[0]) > places.index(own):
            yield f"{target} stands right of {folder}/{own}"
        elif any({target, f"{folder}/{own}"} <= set(group) for group in SIBLINGS):
            yield f"{target} stands beside {folder}/{own}"
    if target in interfaces:
        if len(steps) > 1:
            yield f"{'/'.join((folder, *steps))} is not the public interface of {target}"
        else:
            yield from (f"{name} is not in {target}.__all__" for name in names if name not in interfaces[target])


def attributes_of(tree: ast.Module, name: str) -> list[str]:
    """Give what a module uses of something that it has imported as a whole."""
    found = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))
    return sorted({node.attr for node in found if isinstance(node.value, ast.Name) and node.value.id == name})


def unplaced(root: Path, order: Mapping[str, tuple[str, ...]] = SUBPACKAGES) -> list[str]:
    """Name each sub-package without a place in the order, and each place without a sub-package."""
    found = {folder for folder in public_interfaces(root) if "/" in folder}
    placed = {f"{folder}/{name}" for folder, names in order.items() for name in names}
    return sorted(found ^ placed)


def arrows(root: Path, folders: Iterable[str]) -> dict[str, set[str]]:
    """Give what each module imports, for typing only or late imports too, of the modules in the folders."""
    trees = {
        ".".join(path.with_suffix("").parts).removesuffix(".__init__"): (path, tree)
        for path, tree in modules(root, *folders)
    }
    found: dict[str, set[str]] = {}
    for name, (path, tree) in trees.items():
        found[name] = set()
        for _, level, module, names in imports(tree):
            base = path.parts[: len(path.parts) - level] if level else ()
            target = ".".join((*base, module) if module else base)
            if names:
                found[name] |= {each if (each := f"{target}.{imported}") in trees else target for imported in names}
            else:
                found[name].add(target)
        found[name] = {each for each in found[name] if each in trees and each != name}
    return found


def between_packages(arrows_of: Mapping[str, set[str]], packages: Iterable[str]) -> dict[str, set[str]]:
    """Give what each package imports of other packages, of what each module does."""
    known = set(packages)

    def package(module: str) -> str:
        return module if module in known else module.rpartition(".")[0]

    found: dict[str, set[str]] = {}
    for name, targets in arrows_of.items():
        found.setdefault(package(name), set()).update(map(package, targets))
    return {name: targets - {name} for name, targets in found.items()}


def circles(arrows_of: Mapping[str, set[str]]) -> list[tuple[str, ...]]:
    """Give the strongly connected components of more than one member."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        left = [start]
        while left:
            new = arrows_of.get(left.pop(), set()) - seen
            seen |= new
            left += new
        return seen

    reach = {name: reached(name) for name in arrows_of}
    return sorted({tuple(sorted(b for b in reach[a] if a in reach.get(b, ()))) for a in arrows_of if a in reach[a]})


def crowded(root: Path, most: int = FILES_MAX) -> list[str]:
    """Name each folder of the rooms that holds more files than that, those with a kind each not counted."""
    counts: dict[str, int] = {}
    for room in ROOMS:
        for path in (root / room).rglob("*"):
            folder = path.parent.relative_to(root).as_posix()
            if room == "configs" or not path.is_file() or path.name in ("__init__.py", "py.typed"):
                continue
            if path.suffix == ".pyc" or (path.suffix == ".py" and is_one_kind(parsed(path))):
                continue
            counts[folder] = counts.get(folder, 0) + 1
    return sorted(folder for folder, count in counts.items() if count > most)


def is_one_kind(tree: ast.Module) -> bool:
    """Tell whether a module is one of many of the same kind: it has a name in the YAML, or is a head."""
    targets = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    return any(kinds(tree)) or any(isinstance(target, ast.Name) and target.id == "HEAD" for target in targets)


def kinds(tree: ast.Module) -> Iterator[str]:
    """Yield the classes that give themselves a name for the YAML."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for statement in node.body:
                if isinstance(statement, ast.AnnAssign | ast.Assign) and isinstance(statement.value, ast.Constant):
                    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
                    if any(isinstance(target, ast.Name) and target.id in KIND_NAMES for target in targets):
                        yield node.name


def forgotten_kinds(root: Path) -> list[str]:
    """Name each kind that is in no table of its room."""
    forgotten = []
    for room, tables in TABLES.items():
        listed: set[str] = set()
        for _, tree in modules(root, room):
            for node in tree.body:
                if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                    if any(isinstance(target, ast.Name) and target.id in tables for target in targets):
                        listed |= {part.id for part in ast.walk(node.value) if isinstance(part, ast.Name)}
        for path, tree in modules(root, room):
            forgotten += [
                f"{path}: {kind} is not in {' or '.join(tables)}" for kind in kinds(tree) if kind not in listed
            ]
    return forgotten


ORDER = {
    "vision": ("runtimes",),
    "pipeline": ("nodes", "config"),
    "pipeline/config": ("viam",),
    "server": ("http", "viam"),
}


def house(folder: Path, **files: str) -> Path:
    """Make a small house with all rooms and the sub-packages of ``ORDER``; files are named ``room__module``."""
    packages = (*ROOMS, *(f"{parent}/{name}" for parent, names in ORDER.items() for name in names))
    for package in packages:
        (folder / package).mkdir()
        (folder / package / "__init__.py").write_text("__all__: list[str] = []\n")
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).write_text(text)
    return folder


def test_imports_point_left_and_go_through_the_front_doors() -> None:
    assert wrong_imports(ROOT) == []


def test_every_sub_package_has_its_place() -> None:
    assert unplaced(ROOT) == []


def test_nothing_imports_in_a_circle() -> None:
    found = arrows(ROOT, (*ROOMS, "docs", "benchmarks", "tests"))
    packages = [name for name in found if (ROOT / name.replace(".", "/")).is_dir()]
    assert circles(found) == []
    assert circles(between_packages(found, packages)) == []


def test_no_folder_holds_too_many_files() -> None:
    assert [folder for folder in crowded(ROOT) if folder not in CROWDED] == []


def test_no_exception_outlives_its_reason() -> None:
    still = crowded(ROOT)
    assert [folder for folder in CROWDED if folder not in still] == []


def test_every_kind_stands_in_the_table_of_its_room() -> None:
    assert forgotten_kinds(ROOT) == []


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("cameras__frame", "from transforms import Resize", "transforms stands right of cameras"),
        ("vision__base", "def late():\n    import streams", "streams stands right of vision"),
        ("streams__encoder", "from cameras.frame import Frame", "cameras.frame is not the public interface of cameras"),
        ("streams__encoder", "import cameras.frame", "cameras.frame is not the public interface of cameras"),
        ("pipeline__graph", "from cameras import frame", "frame is not in cameras.__all__"),
        ("pipeline__graph", "from pipeline.config import load", "imports inside pipeline are relative"),
        ("vision__base", "from ..cameras import Frame", "a relative import leaves vision"),
        (
            "vision__base",
            "import ai_edge_litert.interpreter",
            "ai_edge_litert belongs to vision/runtimes/litert.py and configs/training/",
        ),
        ("server__app", "from tests.fakes import Camera", "tests belongs to no room"),
        (
            "pipeline__graph",
            "from .config.reader import Reader",
            "pipeline/config/reader is not the public interface of pipeline/config",
        ),
        ("pipeline__graph", "from .config import Reader", "Reader is not in pipeline/config.__all__"),
        (
            "pipeline__graph",
            "from .config.viam import read",
            "pipeline/config/viam is not the public interface of pipeline/config",
        ),
        ("pipeline__graph", "from . import config; config.Reader", "Reader is not in pipeline/config.__all__"),
        (
            "pipeline__config__reader",
            "from ..graph import Graph",
            "pipeline/config stands left of the modules of pipeline",
        ),
        ("pipeline__config__reader", "from .. import graph", "pipeline/config stands left of the modules of pipeline"),
        ("pipeline__config__reader", "from ..config.tables import T", "imports inside pipeline/config have one dot"),
        (
            "pipeline__config__reader",
            "from ..nodes.scalars import typed",
            "pipeline/nodes/scalars is not the public interface of pipeline/nodes",
        ),
        (
            "pipeline__config__viam__words",
            "from ..tables import T",
            "pipeline/config/viam stands left of the modules of pipeline/config",
        ),
        (
            "pipeline__config__viam__words",
            "from ...graph import Graph",
            "pipeline/config/viam stands left of the modules of pipeline",
        ),
        ("pipeline__nodes__scalars", "from .. import config", "pipeline/config stands right of pipeline/nodes"),
        ("pipeline__nodes__scalars", "from ..config import load", "pipeline/config stands right of pipeline/nodes"),
        ("server__viam__calls", "from ..http import read", "server/http stands beside server/viam"),
    ],
)
def test_a_wrong_import_is_found(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = name.replace("__", "/") + ".py"
    line = 1 + text.count("\n")
    interfaces = {"pipeline__config": '__all__ = ["load"]', "server__http": '__all__ = ["read"]'}
    made = house(tmp_path, **interfaces, **{name: text})
    assert wrong_imports(made, ORDER) == [f"{path}:{line}: {message}"]


def test_a_right_import_is_let_pass(tmp_path: Path) -> None:
    made = house(
        tmp_path,
        cameras='from .frame import Frame\n__all__ = ["Frame"]',
        cameras__frame="class Frame: pass",
        streams__encoder="from cameras import Frame\nfrom .codecs import H264",
        vision__runtimes__litert="from ai_edge_litert import interpreter",
        pipeline__nodes='__all__ = ["Node"]',
        pipeline__config='from .reader import load\n__all__ = ["load"]',
        pipeline__config__reader="from . import tables\nfrom ..nodes import Node",
        pipeline__config__viam__words="from ...nodes import Node",
        pipeline__graph="from .config import load\nfrom .clock import Clock\nfrom . import config; config.load()",
    )
    assert wrong_imports(made, ORDER) == []


def test_a_sub_package_without_a_place_is_found(tmp_path: Path) -> None:
    assert unplaced(house(tmp_path), ORDER) == []
    assert unplaced(tmp_path, {**ORDER, "pipeline": ("nodes", "reader")}) == ["pipeline/config", "pipeline/reader"]


@pytest.mark.parametrize(
    "late",
    ["from .b import B", "def late():\n    from . import b", "if TYPE_CHECKING:\n    from .b import B"],
    ids=["plain", "inside a function", "for typing"],
)
def test_a_circle_of_modules_is_found(tmp_path: Path, late: str) -> None:
    made = house(tmp_path, vision__a=late, vision__b="from .c import C", vision__c="from .a import A", vision__d=late)
    assert circles(arrows(made, ROOMS)) == [("vision.a", "vision.b", "vision.c")]


def test_a_circle_of_packages_is_found(tmp_path: Path) -> None:
    made = house(tmp_path, pipeline__graph="from .config.a import A", pipeline__config__b="from ..clock import Clock")
    (made / "pipeline/config/a.py").touch()
    (made / "pipeline/clock.py").touch()
    found = arrows(made, ROOMS)
    assert circles(found) == []
    assert circles(between_packages(found, ROOMS + ("pipeline.config",))) == [("pipeline", "pipeline.config")]


def test_a_crowded_folder_is_found_and_kinds_do_not_crowd(tmp_path: Path) -> None:
    kind = "class A:\n    model_name: ClassVar[str] = 'a'"
    made = house(tmp_path, vision__a=kind, vision__b="HEAD = 1", vision__c="A = 1", vision__d="def d(): ...")
    assert crowded(made, 2) == []
    assert crowded(made, 1) == ["vision"]


def test_a_forgotten_kind_is_found(tmp_path: Path) -> None:
    made = house(
        tmp_path,
        transforms="from .crop import Crop\nTRANSFORMS = {kind.type_name: kind for kind in (Crop,)}",
        transforms__crop='class Crop:\n    type_name = "crop"',
        transforms__resize='class Resize:\n    type_name: ClassVar[str] = "resize"',
        transforms__base="class Transform:\n    type_name: ClassVar[str]",
    )
    assert forgotten_kinds(made) == ["transforms/resize.py: Resize is not in TRANSFORMS"]
