"""What the repository says of itself is so: commands, links, packages, and nothing in it that does not belong."""

import ast
import configparser
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Spelled in pieces, so that this file does not hold what it looks for.
OPEN_ENDS = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
REGISTRIES = ("py" + "pi.org", "pythonhosted" + ".org", "npm" + "js.org", "index" + "-url =", "find" + "-links")
DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")


def source_files() -> Iterator[tuple[str, str]]:
    """Yield name and text of every text file that git knows or would take."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in listing.splitlines():
        path = ROOT / name
        if path.is_file() and b"\0" not in (content := path.read_bytes()):
            yield name, content.decode()


def sleeps(tree: ast.Module) -> Iterator[int]:
    """Yield the lines that wait for time to pass instead of for something to happen."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name == "asyncio.sleep" and ast.unparse(node.args[0]) == "0":
                continue
            if name.split(".")[-1] in ("sleep", "wait_for_timeout"):
                yield node.lineno


def makefile_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def anchors(text: str) -> set[str]:
    """Give the link targets that a Markdown page's headings make."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_no_end_is_left_open() -> None:
    assert [name for name, text in source_files() if OPEN_ENDS.search(text)] == []


def test_no_file_names_a_registry() -> None:
    assert [name for name, text in source_files() if any(registry in text for registry in REGISTRIES)] == []


def test_no_test_sleeps() -> None:
    found = [
        f"{name}:{line}"
        for name, text in source_files()
        # A fake camera may keep its pace; a test that waits for it may not.
        if name.startswith("tests/") and name.endswith(".py") and not name.endswith("/fakes.py")
        for line in sleeps(ast.parse(text))
    ]
    assert found == []


def test_a_sleep_would_be_found() -> None:
    text = "import time\ntime.sleep(1)\nawait asyncio.sleep(0)\nawait asyncio.sleep(0.1)\npage.wait_for_timeout(5)"
    assert sorted(sleeps(ast.parse(text))) == [2, 4, 5]


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {path.parent for path in (ROOT / "tests").rglob("*.py") if "node_modules" not in path.parts}
    assert [folder for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_the_packages_are_the_rooms() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks", "docs"}
    inner = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for room in rooms - {"configs"}  # the training is for the clone only
        for path in (ROOT / room).rglob("*/__init__.py")
    }
    assert set(setup["options"]["packages"].split()) == rooms | inner
    assert [room for room in sorted(rooms) if not (ROOT / room / "py.typed").exists()] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_links_of_a_document_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text()
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" not in link:
            path, _, anchor = link.partition("#")
            target = (ROOT / path) if path else ROOT / name
            assert target.exists(), link
            assert not anchor or anchor in anchors(target.read_text()), link


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_the_make_commands_of_a_document_exist(name: str) -> None:
    named = set(re.findall(r"\bmake ([a-z-]+)\b(?=[`\s])", "\n".join(code_of((ROOT / name).read_text()))))
    assert named
    assert named <= makefile_targets()


def code_of(text: str) -> list[str]:
    """Give what a Markdown page shows as code: its blocks and what stands between backticks."""
    blocks = re.findall(r"^```.*?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [*blocks, *(f"{span}\n" for span in re.findall(r"`([^`\n]+)`", text))]


def test_every_make_target_says_what_it_does() -> None:
    listed = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    words = {line.split()[1] for line in listed.splitlines()}
    assert {"demo", "install", "test", "check", "format", "bench", "clean"} <= words
    assert words == makefile_targets() - {"test-tools"}
