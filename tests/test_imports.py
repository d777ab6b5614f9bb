"""The rooms read each file's imports: they point left only, and go through front doors only."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Left to right, as frames go. configs/ is what server shows, made by what stands left of it.
ROOMS = ("cameras", "vision", "transforms", "pipeline", "streams", "configs", "server")
# The tables of the rooms, and the class attributes that make a class a kind.
TABLES = {"cameras": ("CAMERAS",), "vision": ("VISION", "RUNTIMES"), "transforms": ("TRANSFORMS",)}
KIND_NAMES = ("model_name", "type_name")
# Not part of the program, but run in the clone: may look behind the front doors, never to the right.
TOOLS = "configs/training/"
# Heavy or foreign things stay behind one door.
PLACES = {
    "ai_edge_litert": ("vision/litert.py", TOOLS),
    "tflite_runtime": ("vision/litert.py",),
    "onnxruntime": ("vision/onnx.py",),
    "uharfbuzz": ("transforms/painting/faces.py",),
    "fontpkg": ("transforms/painting/fonts.py",),
    "aiortc": ("streams/",),
    "aioice": ("streams/",),
    "yaml": ("pipeline/",),
    "fastapi": ("server/",),
    "starlette": ("server/",),
    "uvicorn": ("server/",),
    "typer": ("server/",),
    "rich": ("server/",),
    "clarifai_grpc": ("server/clarifai/",),
    "grpc": ("server/clarifai/door.py",),
    "viam": ("server/viam/",),
    "grpclib": ("server/viam/",),
    "tests": (),
    "benchmarks": (),
}


def modules(root: Path, *folders: str) -> Iterator[tuple[Path, ast.Module]]:
    """Yield every Python file of the folders, read."""
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            yield path.relative_to(root), ast.parse(path.read_text("utf-8"), str(path))


def imports(tree: ast.Module) -> Iterator[tuple[int, int, str, tuple[str, ...]]]:
    """Yield line, level, module and imported names of each import, also of those inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, 0, alias.name, ()
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.level, node.module or "", tuple(alias.name for alias in node.names)


def public_names(root: Path, room: str) -> set[str]:
    """Give what the front door of a room lists in ``__all__``."""
    for node in ast.parse((root / room / "__init__.py").read_text("utf-8")).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
                return set(ast.literal_eval(node.value))
    return set()


def wrong_imports(root: Path) -> list[str]:
    """Name each import that crosses a border in the wrong direction or not through the front door."""
    wrong = []
    doors = {room: public_names(root, room) for room in ROOMS if (root / room / "__init__.py").exists()}
    for path, tree in modules(root, *doors):
        room = path.parts[0]
        tool = path.as_posix().startswith(TOOLS)
        for line, level, module, names in imports(tree):
            where = f"{path}:{line}: "
            target, _, inner = module.partition(".")
            if level:
                if level >= len(path.parts):
                    wrong.append(f"{where}a relative import leaves {room}")
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
                    wrong.append(f"{where}{module} is not the front door of {target}")
                else:
                    wrong += [
                        f"{where}{name} is not in {target}.__all__"
                        for name in names
                        if name not in doors.get(target, ())
                    ]
    return wrong


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


def house(folder: Path, **files: str) -> Path:
    """Make a small house with all rooms; files are named ``room__module``."""
    for room in ROOMS:
        (folder / room).mkdir()
        (folder / room / "__init__.py").write_text("__all__: list[str] = []\n")
    for name, text in files.items():
        room, _, module = name.partition("__")
        (folder / room / f"{module or '__init__'}.py").write_text(text)
    return folder


def test_imports_point_left_and_go_through_the_front_doors() -> None:
    assert wrong_imports(ROOT) == []


def test_every_kind_stands_in_the_table_of_its_room() -> None:
    assert forgotten_kinds(ROOT) == []


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("cameras__frame", "from transforms import Resize", "transforms stands right of cameras"),
        ("vision__base", "def late():\n    import streams", "streams stands right of vision"),
        ("streams__encoder", "from cameras.frame import Frame", "cameras.frame is not the front door of cameras"),
        ("streams__encoder", "import cameras.frame", "cameras.frame is not the front door of cameras"),
        ("pipeline__graph", "from cameras import frame", "frame is not in cameras.__all__"),
        ("pipeline__graph", "from pipeline.config import load", "imports inside pipeline are relative"),
        ("vision__base", "from ..cameras import Frame", "a relative import leaves vision"),
        (
            "vision__base",
            "import ai_edge_litert.interpreter",
            "ai_edge_litert belongs to vision/litert.py and configs/training/",
        ),
        ("server__app", "from tests.fakes import Camera", "tests belongs to no room"),
    ],
)
def test_a_wrong_import_is_found(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = name.replace("__", "/") + ".py"
    line = 1 + text.count("\n")
    assert wrong_imports(house(tmp_path, **{name: text})) == [f"{path}:{line}: {message}"]


def test_a_right_import_is_let_pass(tmp_path: Path) -> None:
    made = house(
        tmp_path,
        cameras='from .frame import Frame\n__all__ = ["Frame"]',
        cameras__frame="class Frame: pass",
        streams__encoder="from cameras import Frame\nfrom .codecs import H264\nimport aiortc",
        vision__litert="from ai_edge_litert import interpreter",
    )
    assert wrong_imports(made) == []


def test_a_forgotten_kind_is_found(tmp_path: Path) -> None:
    made = house(
        tmp_path,
        transforms="from .crop import Crop\nTRANSFORMS = {kind.type_name: kind for kind in (Crop,)}",
        transforms__crop='class Crop:\n    type_name = "crop"',
        transforms__resize='class Resize:\n    type_name: ClassVar[str] = "resize"',
        transforms__base="class Transform:\n    type_name: ClassVar[str]",
    )
    assert forgotten_kinds(made) == ["transforms/resize.py: Resize is not in TRANSFORMS"]
