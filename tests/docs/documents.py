"""The documents, and functions to parse them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
DOCUMENTS = sorted(
    [
        *ROOT.glob("*.md"),
        *DOCS.glob("*.md"),
        ROOT / "benchmarks/README.md",
        ROOT / "configs/models/README.md",
        ROOT / "examples/README.md",
        ROOT / "examples/plugin/README.md",
    ]
)
NAMES = [path.relative_to(ROOT).as_posix() for path in DOCUMENTS]


def anchors(text: str) -> set[str]:
    """Return the link targets of a Markdown page's headings."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def code_of(text: str) -> list[str]:
    """Return the code of a Markdown page: its blocks and its inline spans."""
    blocks = re.findall(r"^```.*?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [*blocks, *(f"{span}\n" for span in re.findall(r"`([^`\n]+)`", text))]


def blocks(language: str) -> list[tuple[str, str]]:
    """Return the code blocks of a language in all documents, each with a name for its test."""
    pattern = re.compile(rf"^```{language}\n(.*?)^```", re.MULTILINE | re.DOTALL)
    return [
        (f"{name}:{text[: match.start()].count(chr(10)) + 1}", match[1])
        for name, text in ((name, (ROOT / name).read_text()) for name in NAMES)
        for match in pattern.finditer(text)
    ]


def table(document: str, first_heading: str) -> dict[str, str]:
    """Return the table whose first column has this heading: the rest of each row, by each name in its first cell."""
    text = (DOCS / document).read_text()
    found = re.findall(rf"^\| {re.escape(first_heading)} \|.*\n\|[-|]+\n((?:\|.*\n?)+)", text, re.MULTILINE)
    assert len(found) == 1, f"{document} has one table headed {first_heading!r}"
    rows = {}
    for line in found[0].splitlines():
        first, _, rest = line.strip().removeprefix("|").removesuffix("|").partition("|")
        for name in re.findall(r"`([^`]+)`", first) or [first.strip()]:
            assert name not in rows, f"{document}: two rows for {name}"
            rows[name] = rest
    return rows
