"""Links of the documents work, their code is valid, and the README stays short."""

import ast
import json
import re
from pathlib import Path

import pytest

from pipeline import ConfigError, parse

from .documents import DOCS, NAMES, ROOT, anchors, blocks, code_of, table

README_WORDS_MAX = 700
LINK = re.compile(r"\]\(([^)\s]+)\)")
# Files that a snippet needs, found by their keys.
FILE = re.compile(r"\b\w*path: (\S+?\.\w+)")
SCENE = "cameras:\n  - {name: scene, model: test_pattern}\n"


@pytest.mark.parametrize("name", NAMES)
def test_the_links_of_a_document_have_a_target(name: str) -> None:
    document = ROOT / name
    for link in LINK.findall(document.read_text()):
        if "://" not in link:
            path, _, anchor = link.partition("#")
            target = document.parent / path if path else document
            assert target.exists(), link
            assert not anchor or anchor in anchors(target.read_text()), link


def test_the_links_of_the_documents_are_found() -> None:
    found = {name: LINK.findall((ROOT / name).read_text()) for name in NAMES}
    assert [name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md") if not found[name]] == []
    assert [name for name in NAMES if name.startswith(("docs/", "examples/")) and not found[name]] == []


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().split()) <= README_WORDS_MAX, "the reference is in docs/"


def test_the_index_lists_every_document() -> None:
    linked = set(LINK.findall((DOCS / "README.md").read_text()))
    assert sorted(path.name for path in DOCS.glob("*.md") if path.name not in {*linked, "README.md"}) == []


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_the_make_commands_of_a_document_exist(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z-]+)\b(?=[`\s])", "\n".join(code_of((ROOT / name).read_text()))))
    assert named
    assert named <= targets


@pytest.mark.parametrize("name", NAMES)
def test_the_configurations_named_in_a_document_exist(name: str) -> None:
    code = "\n".join(code_of((ROOT / name).read_text()))
    for named in re.findall(r"\bconfigs/([\w./-]+\.(?:yaml|json|tflite|onnx|txt))\b", code):
        assert named == "NAME.yaml" or (ROOT / "configs" / named).is_file(), named


@pytest.mark.parametrize("name", ["docs/coming-from-viam.md", "docs/coming-from-clarifai.md", "docs/gallery.md"])
def test_the_files_to_look_at_exist(name: str) -> None:
    named = set(re.findall(r"`([\w-]+\.yaml)`", (ROOT / name).read_text()))
    assert named
    assert sorted(file for file in named if not (ROOT / "configs" / file).is_file()) == []


def check(text: str, file: str, folder: Path) -> None:
    """Create the files of a configuration and parse it; an invalid one raises an error."""
    for path in FILE.findall(text):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    environment = {name: "a-long-value" for name in re.findall(r"\$\{(\w+)\}", text)}
    parse(text, file, folder, environment=environment)


def completed(text: str) -> str:
    """Complete a snippet that has no cameras, or only entries of a pipeline, to a configuration."""
    if not text.startswith("- type: "):
        return text if re.search("^cameras:", text, re.MULTILINE) else SCENE + text
    pipeline = "".join(f"        {line}\n" for line in text.splitlines())
    (service,) = re.findall(r"\w+_name: ([\w-]+)", text)
    return (
        f"{SCENE}  - name: seen\n    model: transform\n"
        f"    attributes:\n      source: scene\n      pipeline:\n{pipeline}"
        f"services:\n  - {{name: {service}, type: vision, model: motion_detector}}\n"
    )


def without_plugins() -> list[tuple[str, str]]:
    """Return the YAML blocks that need no plugin files."""
    return [(name, text) for name, text in blocks("yaml") if not text.startswith("plugins:")]


@pytest.mark.parametrize(("name", "text"), without_plugins(), ids=[name for name, _ in without_plugins()])
def test_a_yaml_snippet_is_a_valid_configuration(name: str, text: str, tmp_path: Path) -> None:
    check(completed(text), f"{name}.yaml", tmp_path)


@pytest.mark.parametrize(("name", "text"), blocks("json"), ids=[name for name, _ in blocks("json")])
def test_a_json_snippet_is_json_and_a_machine_file_is_valid(name: str, text: str, tmp_path: Path) -> None:
    if "components" in json.loads(text):
        check(text, f"{name}.json", tmp_path)


@pytest.mark.parametrize(("name", "text"), blocks("python"), ids=[name for name, _ in blocks("python")])
def test_a_python_snippet_compiles(name: str, text: str) -> None:
    compile(text, name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_the_snippets_are_found() -> None:
    assert {name.partition(":")[0] for name, _ in blocks("yaml")} >= {"README.md", "docs/configuration.md"}
    assert any("components" in text for _, text in blocks("json"))
    assert blocks("python")


def test_a_wrong_snippet_is_found(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="must be between 0 and 1"):
        check(
            completed("- type: detections\n  attributes: {detector_name: x, confidence_threshold: 2}\n"),
            "wrong.yaml",
            tmp_path,
        )


def test_the_server_blocks_within_a_line_are_valid(tmp_path: Path) -> None:
    texts = "\n".join((ROOT / name).read_text() for name in NAMES)
    spans = set(re.findall(r"(?:`|[Ww]ith )(server: \{[^`\n]*\})(?:`|:)", texts))
    whole = {text for text in spans if "..." not in text and "tls" not in text}
    assert whole
    for text in whole:
        check(SCENE + text, "line.yaml", tmp_path)


def test_the_messages_of_troubleshooting_are_those_of_the_program() -> None:
    rooms = ("cameras", "vision", "transforms", "pipeline", "streams", "server")
    said = "\n".join(
        node.value
        for room in rooms
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    said += "".join(path.read_text() for path in (ROOT / "server/http/page").rglob("*.js"))
    text = (DOCS / "troubleshooting.md").read_text()
    cells = re.findall(r"^\| (.*?) \|", text, re.MULTILINE)
    quoted = [message for cell in cells for message in re.findall(r"`([^`]+)`", cell)]
    assert len(quoted) > 10
    assert [message for message in quoted if message not in said] == []


def test_a_table_is_read() -> None:
    assert set(table("commands.md", "exit code")) == {"0", "1", "2"}
