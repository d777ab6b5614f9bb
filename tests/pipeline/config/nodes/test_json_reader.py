from __future__ import annotations

import pytest

from ..kinds import UrlAttributes
from ..texts import problems_of, read

# (name, text, expected problem without "pipeline.json:")
ROWS = (
    ("nothing", " \n", "1:1: cameras: is missing"),
    ("a brace is missing", '{\n  "cameras": [', "2:15: expected a value, got the end of the file"),
    ("a comma too many", '{"cameras": [],}', '1:16: expected a key in double quotes, got "}"'),
    (
        "a comma missing",
        '{"cameras": []\n "x": 1}',
        '2:2: expected "," or "}" in the object opened on line 1, got "\\""',
    ),
    ("a comma missing in a list", "[1 2]", '1:4: expected "," or "]" in the list opened on line 1, got "2"'),
    ("a colon missing", '{"cameras" []}', '1:12: expected ":" after the key, got "["'),
    ("a quote missing", '{"cameras: 1}', "1:2: this quote is never closed"),
    ("an unquoted key", "{cameras: []}", '1:2: expected a key in double quotes, got "cameras"'),
    ("a comment", "// x\n{}", '1:1: expected a value, got "//"'),
    ("no number", '{"a": 01}', '1:7: expected a value, got "01"'),
    ("not a number", '{"a": NaN}', '1:7: expected a value, got "NaN"'),
    ("single quotes", "{'a': 1}", "1:2: expected a key in double quotes, got \"'a'\""),
    ("a bad escape", '{"a": "\\q"}', '1:8: invalid \\escape in the text, got "\\\\q"'),
    ("more behind the end", "{} {}", '1:4: expected the end of the file, got "{"'),
    ("too deep", "[" * 100, "1:41: is nested too deep, more than 40 levels"),
    (
        "a duplicate key",
        '{"cameras": [{"name": "a", "model": "webcam",\n "name": "b"}]}',
        "2:2: cameras[0].name: duplicate key, already given on line 1",
    ),
    (
        "a wrong value",
        '{"cameras": [\n  {"name": "a", "model": "webcm"}]}',
        "2:26: cameras[0].model: must be one of: video_file, stream, webcam, transform; "
        'got "webcm" (did you mean "webcam"?)',
    ),
    (
        "half a surrogate pair",
        '{"cameras": [{"name": "a", "model": "stream", "attributes": {"url": "\\ud800"}}]}',
        "1:69: cameras[0].attributes.url: must not hold half of a surrogate pair",
    ),
    (
        "a variable that is not set",
        '{"cameras": [{"name": "a", "model": "${GONE}"}]}',
        "1:37: cameras[0].model: the environment variable GONE is not set and ${GONE} has no default",
    ),
)


@pytest.mark.parametrize(("text", "line"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_json_errors_have_positions(text: str, line: str) -> None:
    assert problems_of(text, file="pipeline.json") == [f"pipeline.json:{line}"]


def test_environment_values_are_typed_in_json() -> None:
    text = (
        '{"cameras": [{"name": "a", "model": "stream", "preload": "${YES}", "linger_s": "1${N}.5",\n'
        '"attributes": {"url": "${N}"}}], "server": {"port": "${PORT:8080}"}}\n'
    )
    config = read(text, file="x.json", YES="true", N="7")
    assert config.cameras["a"].attributes == UrlAttributes(url="7")
    assert (config.cameras["a"].linger_s, config.cameras["a"].preload, config.server.port) == (17.5, True, 8080)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("${PORT:many}", 'must be a whole number, got "many"'),
        ("${PORT:1.5}", "must be a whole number, got 1.5"),
        ("${PORT:80800}", "must be between 0 and 65535, got 80800"),
        ("8080", 'must be a whole number, got "8080"'),
    ],
)
def test_invalid_environment_values_are_reported_in_json(raw: str, message: str) -> None:
    text = '{"cameras": [{"name": "a", "model": "webcam"}],\n"server": {"port": "' + raw + '"}}'
    assert problems_of(text, file="x.json") == [f"x.json:2:20: server.port: {message}"]


def test_json_is_read_like_yaml() -> None:
    text = (
        '\ufeff{"cameras": [{"name": "a", "model": "stream", "linger_s": 1.5e0, "preload": true,\r\n'
        '"attributes": {"url": "\\u00e9${A}\\n", "transport": "udp"}}], "services": null, "server": {"port": 1}}\n'
    )
    config = read(text, file="x.JSON", A="b")
    assert config.cameras["a"].attributes == UrlAttributes(url="éb\n", transport="udp")
    assert (config.cameras["a"].linger_s, config.cameras["a"].preload, config.server.port) == (1.5, True, 1)
