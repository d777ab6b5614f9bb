"""Values are changed in a text; everything else stays byte for byte."""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline import parse, with_values
from pipeline.config.nodes import AliasSpan, ListSpan, MappingSpan, ScalarSpan, Span, placeholders, read_spans

ROOT = Path(__file__).parents[4]
FILES = sorted(
    path
    for folder in ("configs", "examples")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in (".yaml", ".json") and "models" not in path.parts
)
FIRST = ("cameras", "seen", "pipeline", 0, "attributes")

NASTY = """\
%YAML 1.2
--- # the document begins
# before everything
cameras:   # all of them
- name: "seen"\t# a tab before this comment
  "model": transform
  style: {color: '#ff0000', 'line_width_px' : 3,}   # a comma at the end
  attributes:
      source: größe # 寸法 😀
      pipeline:
      # about the first
      - {type: detections, attributes: {detector_name: d, valid_labels: [person, "traffic light", 'it''s',   no ],
          confidence_threshold: 5.0e-1 , label_confidences: {person: 1e-1, "a b":  0.2}}}   # over two lines
      -   type:   resize   # wide
          attributes:
            width_px: 0x40
            height_px:
              +48   # a value on a line of its own
      - type: crop

        attributes: {
          x_min_px: 0.1,   # left
          y_min_px: .25,   # top

          # and the rest
          x_max_px: 1.,
          y_max_px: 1      # bottom
        }
      - attributes:
          labels:
          - a   # first
          # between
          - "b"

          - 'c'
          text: |
            two
             lines

          folded: >-
            one
            line
          wide: "begins here
            and goes on"
          plain: begins here
            and goes on   # and ends
          empty:
          nothing: ~
        type: captions
server: {port: 8080, host: 127.0.0.1}
...
"""


def scalars(span: Span | None, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], ScalarSpan]]:
    """Yield the path of every value of a text that can be changed."""
    if isinstance(span, MappingSpan):
        for key, value in span.entries:
            yield from scalars(value, (*path, key.text))
    elif isinstance(span, ListSpan):
        for index, item in enumerate(span.items):
            yield from scalars(item, (*path, index))
    elif isinstance(span, ScalarSpan) and not any(placeholders(span.text)):
        yield path, span


def changed_lines(old: str, new: str) -> list[str]:
    """Return the lines of a diff without its frame."""
    lines = unified_diff(old.splitlines(keepends=True), new.splitlines(keepends=True), n=0)
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def pipeline(entry: str) -> str:
    """Return a configuration whose camera ``seen`` has one transform."""
    return f"cameras:\n  - name: seen\n    model: transform\n    attributes:\n      pipeline:\n{entry}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_value_of_a_file_changes_alone_and_changes_back(path: Path) -> None:
    text = path.read_bytes().decode()
    is_json = path.suffix == ".json"
    found = list(scalars(read_spans(text, is_json=is_json)))
    assert found
    for place, span in found:
        value: Any = span.value
        other: Any = not value if isinstance(value, bool) else "another" if isinstance(value, str) else value + 0.25
        changed = with_values(text, [(place, other)], json=is_json)
        assert len(changed_lines(text, changed)) == 2
        assert with_values(changed, [(place, value)], json=is_json).encode() == path.read_bytes()


@pytest.mark.parametrize("line_break", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize(
    "value", [7, -0.5, True, "text", "no", "0.5", "null", "it's: a # b", 'say "no"', "{x}", "-", ""]
)
def test_every_value_of_nasty_yaml_takes_any_value(value: Any, line_break: str) -> None:
    text = NASTY.replace("\n", line_break)
    before = yaml.load(text, Loader=yaml.CBaseLoader)  # every value as text
    for place, span in scalars(read_spans(text)):
        changed = with_values(text, [(place, value)])
        inner = before
        for step in place[:-1]:
            inner = inner[step]
        kept, inner[place[-1]] = inner[place[-1]], "true" if value is True else str(value)
        assert yaml.load(changed, Loader=yaml.CBaseLoader) == before
        inner[place[-1]] = kept
        assert changed.startswith(text[: span.start].rstrip(" "))
        assert changed.endswith(text[span.end :])
        assert "\n" not in changed.replace(line_break, "")


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["", "byte order mark"])
def test_a_value_keeps_its_quotes(mark: str) -> None:
    text = mark + "a: {plain: x, single: 'x', double: \"x\", number: 1}\n"
    paths = [("a", key) for key in ("plain", "single", "double", "number")]
    assert with_values(text, [(path, "y") for path in paths]) == mark + (
        "a: {plain: y, single: 'y', double: \"y\", number: y}\n"
    )
    assert with_values(text, [(path, "[it's]") for path in paths]) == mark + (
        "a: {plain: \"[it's]\", single: '[it''s]', double: \"[it's]\", number: \"[it's]\"}\n"
    )
    assert with_values(text, [(path, 2) for path in paths]) == mark + "a: {plain: 2, single: 2, double: 2, number: 2}\n"


def test_an_equal_value_is_left_as_it_is_written() -> None:
    text = "a: {x: 5.0e-1, y: 'no', z: [0x10, ~], t: True}\n"
    changes = [(("a", "x"), 0.5), (("a", "y"), "no"), (("a", "z"), [16, None]), (("a", "t"), True)]
    assert with_values(text, changes) == text
    assert with_values(text, [(("a", "x"), 5)]) == "a: {x: 5, y: 'no', z: [0x10, ~], t: True}\n"


LISTS = {
    "flow": (
        "[a, b, c]",
        {"": "[]", "a b": "[a, b]", "b c": "[b, c]", "a x c": "[a, x, c]", "x a b c y": "[x, a, b, c, y]"},
    ),
    "spaced": ("[ a,  b ]", {"": "[]", "a": "[ a ]", "b": "[ b ]", "a x b": "[ a,  x,  b ]", "a b x": "[ a,  b,  x ]"}),
    "comma at the end": ("[a, b,]", {"a": "[a,]", "a b c": "[a, b, c,]"}),
    "one": ("['a']", {"a b": "['a', 'b']", "b": "['b']", "b a": "['b', 'a']"}),
    "none": ("[]", {"a b": "[a, b]"}),
    "lines": (
        "[\n  a,  # 1\n  b   # 2\n]",
        {
            "a": "[\n  a  # 1\n]",
            "b": "[\n  b   # 2\n]",
            "a b c": "[\n  a,  # 1\n  b,   # 2\n  c\n]",
            "x a b": "[\n  x,\n  a,  # 1\n  b   # 2\n]",
            "": "[]",
        },
    ),
    "closed on the last line": ("[a,\n    b]", {"a": "[a]", "a b c": "[a,\n    b,\n    c]", "b": "[b]"}),
    "block": (
        "\n  - a  # 1\n  # 2\n  - 'b'\n",
        {
            "": " []\n",
            "a": "\n  - a  # 1\n  # 2\n",
            "b": "\n  # 2\n  - 'b'\n",
            "a x b": "\n  - a  # 1\n  - x\n  # 2\n  - 'b'\n",
            "x a b y": "\n  - x\n  - a  # 1\n  # 2\n  - 'b'\n  - y\n",
            "x y z": "\n  - x  # 1\n  # 2\n  - 'y'\n  - z\n",
        },
    ),
    "block at the margin": ("\n- a\n- b", {"a": "\n- a", "b": "\n- b", "a b c": "\n- a\n- b\n- c", "": " []"}),
}


@pytest.mark.parametrize(
    ("old", "items", "new"),
    [
        pytest.param(old, items, new, id=f"{name}: {items}")
        for name, (old, cases) in LISTS.items()
        for items, new in cases.items()
    ],
)
def test_a_list_keeps_its_form_and_its_other_items(old: str, items: str, new: str) -> None:
    space = "" if old.startswith("\n") else " "
    new_space = "" if new.startswith(("\n", " ")) else " "
    assert with_values(f"k:{space}{old}", [(("k",), items.split())]) == f"k:{new_space}{new}"


ADDED = {
    "block": ("        - type: x\n          attributes:\n            a: 1  # one\n", "            b: 2\n"),
    "at the margin of the file": ("        - type: x\n          attributes:\n            a: 1", "\n            b: 2"),
    "after lines": ("        - attributes:\n            a: |\n              1\n", "            b: 2\n"),
}


@pytest.mark.parametrize(("entry", "added"), ADDED.values(), ids=ADDED)
def test_a_new_key_gets_a_line_of_its_own(entry: str, added: str) -> None:
    text = pipeline(entry)
    assert with_values(text, [((*FIRST, "b"), 2)]) == text + added
    rest = "server: {}\n"
    text = text if text.endswith("\n") else text + "\n"
    assert with_values(text + rest, [((*FIRST, "b"), 2)]) == f"{text}{added.strip(chr(10))}\n{rest}"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("- {type: x}", "- {type: x, attributes: {b: 2}}"),
        ("- {type: x, attributes: }", "- {type: x, attributes: {b: 2} }"),
        ("- {type: x, attributes}", "- {type: x, attributes: {b: 2}}"),
        ("- {type: x, attributes: {}}", "- {type: x, attributes: {b: 2}}"),
        ("- {type: x, attributes: {a: 1}}  # c", "- {type: x, attributes: {a: 1, b: 2}}  # c"),
        ("- {type: x, attributes: {a: 1, }}", "- {type: x, attributes: {a: 1, b: 2, }}"),
        ("- {type: x, attributes: {'a': 1}}", "- {type: x, attributes: {'a': 1, 'b': 2}}"),
        ('- {type: x, attributes: {"a":1}}', '- {type: x, attributes: {"a":1, "b":2}}'),
        ("- type: x\n  attributes:", "- type: x\n  attributes: {b: 2}"),
        ("- type: x\n  attributes:  # c", "- type: x\n  attributes: {b: 2}  # c"),
        ("- type: x\n  attributes: null  # c", "- type: x\n  attributes: {b: 2}  # c"),
        ("- type: x\n  attributes: {}", "- type: x\n  attributes: {b: 2}"),
        ("- type: x  # c", "- type: x  # c\n  attributes: {b: 2}"),
        ("- type: x\n  attributes: {\n    a: 1  # c\n  }", "- type: x\n  attributes: {\n    a: 1,  # c\n    b: 2\n  }"),
        (
            "- type: x\n- type: y\n  attributes:\n      a: 1",
            "- type: x\n  attributes:\n      b: 2\n- type: y\n  attributes:\n      a: 1",
        ),
        (
            "- type: x\n  attributes:  # c\n- type: y\n  attributes:\n    a: 1",
            "- type: x\n  attributes:  # c\n    b: 2\n- type: y\n  attributes:\n    a: 1",
        ),
        (
            "- type: x\n- type: y\n  attributes: {a: 1}",
            "- type: x\n  attributes: {b: 2}\n- type: y\n  attributes: {a: 1}",
        ),
    ],
)
def test_a_new_key_is_written_as_its_neighbours_are(old: str, new: str) -> None:
    def indented(text: str) -> str:
        return pipeline("".join(f"        {line}\n" for line in text.split("\n")))

    assert with_values(indented(old), [((*FIRST, "b"), 2)]) == indented(new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("k: {a: 1, b: 2}\n", "k: {b: 2}\n"),
        ("k: {b: 2, a: 1}  # c\n", "k: {b: 2}  # c\n"),
        ("k: {a: 1}\n", "k: {}\n"),
        ("k:\n  a: 1  # c\n  b: 2\n", "k:\n  b: 2\n"),
        ("k:\n  b: 2\n  a: 1  # c", "k:\n  b: 2"),
        ("k:  # c\n  a: 1\nz: 1\n", "k: {}  # c\nz: 1\n"),
        ("k:\n  a:\n    - 1\n    - 2\n  b: 2\n", "k:\n  b: 2\n"),
        ("k:\n  a: |\n    1\n\n    2\n  b: 2\n", "k:\n  b: 2\n"),
        ("k: {b: 2}\n", "k: {b: 2}\n"),
        ("z: 1\n", "z: 1\n"),
        ("k:\n", "k:\n"),
    ],
)
def test_none_removes_a_key(old: str, new: str) -> None:
    assert with_values(old, [(("k", "a"), None)]) == new


def test_the_first_key_of_an_item_is_removed_and_an_item_too() -> None:
    text = "cameras:\n  - linger_s: 1  # c\n    name: seen\n  - name: other\n  - {name: third}\n"
    assert with_values(text, [(("cameras", "seen", "linger_s"), None)]) == text.replace("linger_s: 1  # c\n    ", "")
    assert with_values(text, [(("cameras", "other"), None)]) == text.replace("  - name: other\n", "")
    assert with_values("k:\n  - - 1\n    - 2\n  - - 3\n", [(("k", 0, 0), None)]) == "k:\n  - - 2\n  - - 3\n"


def test_mappings_and_lists_change_where_they_differ() -> None:
    text = "k:\n  a: {x: 1, y: 2}  # flow\n  b:\n    - n: 1  # item\n      m: 2\n  c: 3\n"
    value = {"a": {"y": 2.5, "z": None}, "b": [{"n": 1, "m": 3}, {"n": 4}], "c": {"d": [1]}}
    assert with_values(text, [(("k",), value)]) == (
        "k:\n  a: {y: 2.5, z: null}  # flow\n  b:\n    - n: 1  # item\n      m: 3\n    - {n: 4}\n  c: {d: [1]}\n"
    )


def test_cameras_and_services_are_found_by_name_in_a_list_or_a_mapping() -> None:
    text = "cameras: [{name: a, linger_s: 1}, {name: '7', linger_s: 1}]\nservices:\n  a: {model: x}\n"
    changes = [(("cameras", "7", "linger_s"), 2), (("services", "a", "model"), "y")]
    assert with_values(text, changes) == text.replace("'7', linger_s: 1", "'7', linger_s: 2").replace("x", "y")


def test_a_machine_file_of_viam_is_changed_too() -> None:
    transform = '{"type": "x",\n\t "attributes": {"t":0.5}}'
    text = f'{{"components": [{{"name": "seen", "attributes": {{"pipeline": [\n\t{transform}]}}}}]}}'
    assert with_values(text, [((*FIRST, "t"), 0.75), ((*FIRST, "l"), ["ä\n"])], json=True) == text.replace(
        '"t":0.5', '"t":0.75, "l":["ä\\n"]'
    )


def test_json_keeps_its_lines() -> None:
    value = {"a": [1, {"b": "\\/ \u2028"}], "c": {"d": None, "e": []}}
    text = json.dumps(value, indent=4)
    changes: list[tuple[tuple[str | int, ...], Any]] = [(("a", 1, "x"), "y"), (("c", "d"), 5), (("c", "f"), True)]
    expected = {"a": [1, {"b": "\\/ \u2028", "x": "y"}], "c": {"d": 5, "e": [], "f": True}}
    assert with_values(text, changes, json=True) == json.dumps(expected, indent=4)
    assert with_values(json.dumps(expected, indent=4), [(("a", 1), None)], json=True) == json.dumps(
        {**expected, "a": [1]}, indent=4
    )


def test_a_text_with_a_dollar_is_no_placeholder() -> None:
    text = with_values(
        "cameras:\n  - name: a\n    model: stream\n    attributes: {url: x}\n",
        [
            (("cameras", "a", "attributes", "url"), "rtsp://h/${A}$$b$c"),
        ],
    )
    camera = parse(text, "a.yaml", ROOT, environment={"A": "wrong"}).cameras["a"].attributes
    assert getattr(camera, "url", None) == "rtsp://h/${A}$$b$c"


REFUSED = {
    "a: ${A}\n": "a: line 1: the value comes from an environment variable; change the variable, or replace ${...} by a "
    "value in the file",
    "x: 1\na: pre-${A:b}\n": "a: line 2: the value comes from an environment variable; change the variable, or replace "
    "${...} by a value in the file",
    "b: &b 1\na: *b\n": "a: line 2: the value is written once for several places, on line 1; change it there, or "
    "replace the alias (*) by a value of its own",
    "a: &b 1\n\nb: *b\n": "a: line 1: line 3 uses the same value through an alias (*); replace the alias by a "
    "value of its own first",
    "b: &b\n  a: 1\n<<: *b\n": "a: line 3: the value comes from what << merges; change it there, or write the key out "
    "beside <<",
    "a: 1\na: 2\n": 'a: line 2: the key "a" stands there twice; remove one of them',
    "": "a: the file is empty",
    "[1]": "a: the file has no keys",
    "a: [": "line 2: the file ends where a value is expected",
    "a: {b: ${A}}\n": "a: line 1: the value comes from an environment variable; change the variable, or replace ${...} "
    "by a value in the file",
}


@pytest.mark.parametrize(("text", "message"), REFUSED.items())
def test_a_value_that_cannot_be_changed_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError) as refused:
        with_values(text, [(("a",), 3)])
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("cameras", "b", "linger_s"), 1, 'cameras.b.linger_s: no camera is named "b"'),
        (("services", "b", "model"), 1, 'services.b.model: no service is named "b"'),
        (("cameras", "twice", "model"), 1, 'cameras.twice.model: more than one camera is named "twice"'),
        (("cameras", "a", "pipeline", 1), 1, "cameras.a.pipeline[1]: line 1: there is no item 1, the list has 1"),
        (("cameras", "a", "list", "x"), 1, 'cameras.a.list.x: line 1: there is no "x"'),
        (("cameras", "a", "new", 0), 1, "cameras.a.new[0]: there is no item 0"),
        (("cameras", "a", "x"), float("nan"), "cameras.a.x: a number must be finite, got nan"),
        (("cameras", "a", "x"), "\0", "cameras.a.x: a text must not hold the character U+0000"),
        (("cameras", "a", "x"), object(), "cameras.a.x: must be a text, a number, true, false, null, a list or a "
         "mapping, got object"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_refused(path: tuple[str | int, ...], value: Any, message: str) -> None:
    text = "cameras: [{name: a, attributes: {pipeline: [{type: x}]}, list: [1]}, {name: twice}, {name: twice}]\n"
    text += "services: []\n"
    with pytest.raises(ValueError) as refused:
        with_values(text, [(path, value)])
    assert str(refused.value) == message


def test_a_change_inside_of_what_others_use_is_refused() -> None:
    text = "d: &d {c: 1}\ncameras:\n  - name: seen\n    attributes: {pipeline: [{attributes: *d}]}\n"
    with pytest.raises(ValueError, match=r"line 4: the value is written once for several places, on line 1"):
        with_values(text, [((*FIRST, "c"), 2)])
    merged = text.replace("*d", "{<<: *d, e: 1}")
    assert with_values(merged, [((*FIRST, "e"), 2)]) == merged.replace("e: 1", "e: 2")
    with pytest.raises(ValueError, match=r"line 4: the value comes from what << merges"):
        with_values(merged, [(FIRST, {"e": 1})])
    assert with_values(text.replace("*d", "{c: 1}"), [(("d", "c"), 2)]).startswith("d: &d {c: 2}")


def test_a_text_is_never_damaged() -> None:
    for text in ("k: [a: 1]\n", "? k\n: {a: 1}\n", "k:\n  -\n    1\n  - 2\n", "k:\n  - - 1\n    - 2\n"):
        for value in ([{"a": 1, "b": 2}], {"a": 2}, [1], [3, 4, 5], [[1], 3]):
            try:
                changed = with_values(text, [(("k",), value)])
            except ValueError:
                continue
            assert yaml.safe_load(changed) == {"k": value}


def test_aliases_of_other_values_stay() -> None:
    text = "a: &a [x, &y y]\nb: *y\nc: 1\n"
    assert isinstance(dict(scalars_and_aliases(text))["b"], AliasSpan)
    assert with_values(text, [(("c",), 2)]) == text.replace("c: 1", "c: 2")
    assert with_values(text, [(("a", 0), "z")]) == text.replace("[x", "[z")


def scalars_and_aliases(text: str) -> Iterator[tuple[str, Span]]:
    """Yield the values of a mapping by their keys."""
    root = read_spans(text)
    assert isinstance(root, MappingSpan)
    yield from ((key.text, value) for key, value in root.entries)
