"""Secrets are hidden from the editor of a configuration, and put back."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import UnknownSecret, with_secrets, without_secrets

ROOT = Path(__file__).parents[4]
DOTS = "••••••"

TEXT = """\
# the door, formerly rtsp://admin:s3cret-old@10.0.0.9/live
cameras:
  - name: door
    model: stream
    attributes: {url: "rtsp://10.0.0.5/Streaming/101?channel=2", username: admin, password: s3cret-door}
  - name: yard
    model: stream
    attributes:
      url: rtsp://admin:s3cret-yard@10.0.0.6:554/live?token=s3cret-token&channel=1&x=s3cretx#token=s3cret-fragment
  - name: unifi
    model: stream
    attributes:
      url: rtsps://10.0.0.7:7441/S3cretS3cret1234?enableSrtp
      password: ${UNIFI}
  - name: other
    model: stream
    attributes: {url: "http://${HOST}/?auth=${AUTH:s3cret-default}", username: u, password: "${OTHER:s3cret-other}"}
  - name: lines
    model: snapshot
    attributes:
      url: >-
        http://u:s3cret-lines@10.0.0.8/now.jpg
      username: u
      password: |
        s3cret-block   # no comment
  - name: number
    model: snapshot
    attributes: {url: 'http://10.0.0.8/it''s?key=s3cret-key', username: u, password: 12345678}
server:
  tokens:
    - s3cret-first
    - 's3cret-second'
    - {name: phone, token: s3cret-phone, rights: [view]}
    - name: hashed
      token: sha256:s3cret
  # tokens:
  #   - s3cret-comment
  # port: 1
  ice:
    servers:
      - {urls: ["turn:turn.example.org:3478"], username: u, credential: s3cret-turn}
"""

JSON = """\
{"components": [
  {"name": "door", "attributes": {"url": "rtsp://admin:s3cret@h/", "password": "s3cret \\u00e9"}},
  {"name": "gate", "attributes": {"url": "rtsp:\\/\\/admin:s3cret@h/", "password": 12345}}
], "server": {"tokens": ["s3cret-token"]}}
"""

CAMERA = "cameras:\n  - {name: door, model: stream, attributes: {url: 'rtsp://a:s3cret@h/', x: 1}}\n"


@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_no_secret_is_shown_and_all_come_back(line_break: str) -> None:
    text = "\ufeff" + TEXT.replace("\n", line_break)
    shown = without_secrets(text)
    assert "s3cret" not in shown.lower()
    assert "12345678" not in shown
    assert with_secrets(shown, text) == text
    assert without_secrets(shown) == shown


def test_json_too() -> None:
    shown = without_secrets(JSON, json=True)
    assert "s3cret" not in shown
    assert "12345" not in shown
    assert with_secrets(shown, JSON, json=True) == JSON


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("password: abc", f"password: {DOTS}"),
        ("password: 'abc'  # x", f"password: {DOTS}  # x"),
        ("password:", "password:"),
        ('password: ""', 'password: ""'),
        ("password: ${A}", "password: ${A}"),
        ("password: ${A}${B}", "password: ${A}${B}"),
        ("password: x${A}y", f"password: {DOTS}${{A}}{DOTS}"),
        ("password: $${A}", f"password: {DOTS}"),
        ("token: ${A:b c}", f"token: ${{A:{DOTS}}}"),
        ("apiKey: x", f"apiKey: {DOTS}"),
        ("stream_key: x", f"stream_key: {DOTS}"),
        ("tls: {cert: a.pem, key: b.pem}", "tls: {cert: a.pem, key: b.pem}"),
        ("max_tokens: 20", "max_tokens: 20"),
        ("token_path: a.json", "token_path: a.json"),
        ("passthrough: auto", "passthrough: auto"),
        ("url: http://h/a.jpg?width=640&user=a", f"url: http://h/a.jpg?width=640&user={DOTS}"),
        ("url: http://h:${PORT}/a", "url: http://h:${PORT}/a"),
        ("url: rtsp://${USER}:${PASS}@h/", "url: rtsp://${USER}:${PASS}@h/"),
        ("url: ${URL:rtsp://a:b@h/}", f"url: ${{URL:rtsp://a:{DOTS}@h/}}"),
        ("url: rtsp://a:b/c@d@h/", f"url: rtsp://{DOTS}@h/"),
        ("url: rtsp://a:b", f"url: rtsp://{DOTS}"),
        ("url: rtsp://[::1]:554/a", "url: rtsp://[::1]:554/a"),
        ("url: tok@h", "url: tok@h"),
        ("url: https://tok@h/", f"url: https://{DOTS}@h/"),
        ("url: a:b@h/x", f"url: a:{DOTS}@h/x"),
        ("x: turn:a:b@h", f"x: turn:a:{DOTS}@h"),
        ("x: [rtsp://a:b@h/, 'see http://c:d@i/ and http://e:f@j/']",
         f"x: [rtsp://a:{DOTS}@h/, 'see http://c:{DOTS}@i/ and http://e:{DOTS}@j/']"),
        ("url: http://h/live/9f3a2b10-1c2d-4e5f-8a9b-0c1d2e3f4a5b/x", f"url: http://h/live/{DOTS}/x"),
        ("url: http://h/?0123456789ab-cdef_", f"url: http://h/?{DOTS}"),
        ("url: http://h/?0123456789abcdef", f"url: http://h/?{DOTS}"),
        ("auth: {user: a, value: b}", f"auth: {{user: a, value: {DOTS}}}"),
        ("x: &p abc\npassword: *p", f"x: &p {DOTS}\npassword: *p"),
        ("x: 1  # password: abc", f"x: 1  # password: {DOTS}"),
        ("x: | # token: abc\n  y", f"x: | # token: {DOTS}\n  y"),
        ("# token: abc\nx: |", f"# token: {DOTS}\nx: |"),
        ("password: abc\npassword: def", f"password: {DOTS}\npassword: {DOTS}"),
        ("pasword: abc", f"pasword: {DOTS}"),
        ("url: htp:/a:b@h/?key=c", f"url: htp:/a:{DOTS}@h/?key={DOTS}"),
        ("# The token:\n# it is long\nx: 1", f"# The token:\n# {DOTS}\nx: 1"),
        ("# The token: abc\n# it is long\nx: 1", f"# The token: {DOTS}\n# it is long\nx: 1"),
    ],
)  # fmt: skip
def test_what_is_hidden(text: str, shown: str) -> None:
    assert without_secrets(text) == shown
    assert with_secrets(shown, text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x: [\npassword: abc\n  def\nport: 1", f"x: [\npassword: {DOTS}\n  {DOTS}\nport: 1"),
        ("x: [\npassword: |\n\n  abc\n", f"x: [\npassword: {DOTS}\n\n  {DOTS}\n"),
        ("x: [\ntokens:\n- abc\n- {name: a, token: b}\nport: 1", f"x: [\ntokens:\n{DOTS}\n{DOTS}\nport: 1"),
        ('{"password": "abc", "x": 1', f'{{"password": {DOTS}'),
        ('{"password":\n"abc",\n"x": 1', f'{{"password":\n{DOTS}\n"x": 1'),
        ("x: [\npassword: ${A}\nurl: rtsp://a:b@h/", f"x: [\npassword: ${{A}}\nurl: rtsp://a:{DOTS}@h/"),
        ("x: [\na: &p abc\npassword: *p", f"x: [\na: {DOTS}\npassword: {DOTS}"),
        ("password: abc\r\n\tx: 1\r\n", f"password: {DOTS}\r\n\t{DOTS}\r\n"),
        ("https://a:b@h/: 1", f"https://a:{DOTS}@h/: 1"),
        ("password: abc\npassword: \0def", f"password: {DOTS}\npassword: {DOTS}"),
    ],
)
def test_a_text_that_cannot_be_read_is_hidden_line_by_line(text: str, shown: str) -> None:
    assert without_secrets(text) == shown


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.*")), ids=lambda path: path.name)
def test_a_file_without_secrets_is_shown_as_it_is(path: Path) -> None:
    if path.suffix in (".yaml", ".json"):
        text = path.read_text("utf-8")
        assert without_secrets(text, json=path.suffix == ".json") == text


def test_secrets_come_back_after_lines_have_moved_and_other_values_have_changed() -> None:
    edited = without_secrets(TEXT)
    block = edited[edited.index("  - name: yard") : edited.index("  - name: unifi")]
    edited = edited.replace(block, "").replace("server:", f"{block.replace('channel=1', 'channel=3')}server:")
    edited = edited.replace("username: admin, ", "username: boss,  ")
    restored = with_secrets(edited, TEXT)
    assert "rtsp://admin:s3cret-yard@10.0.0.6:554/live?token=s3cret-token&channel=3&x=s3cretx" in restored
    assert "username: boss,  password: s3cret-door}" in restored
    assert DOTS not in restored


def test_a_secret_typed_anew_and_a_removed_one_stay_so() -> None:
    edited = without_secrets(CAMERA)
    assert with_secrets(edited.replace(DOTS, "new"), CAMERA) == CAMERA.replace("s3cret", "new")
    assert with_secrets(edited.replace(f"a:{DOTS}@", ""), CAMERA) == CAMERA.replace("a:s3cret@", "")


def test_the_tokens_of_the_server_do_not_depend_on_its_host() -> None:
    before = "server: {host: 127.0.0.1, port: 1, tokens: [s3cret]}"
    assert with_secrets(without_secrets(before).replace("127.0.0.1", "0.0.0.0"), before) == before.replace(
        "127.0.0.1", "0.0.0.0"
    )


def test_a_renamed_camera_keeps_its_secret() -> None:
    edited = without_secrets(TEXT).replace("name: door", "name: front").replace("name: unifi", "name: gate")
    assert with_secrets(edited, TEXT) == TEXT.replace("name: door", "name: front").replace("name: unifi", "name: gate")
    mapping = "cameras:\n  door: {attributes: {url: h, password: s3cret}}\n"
    renamed = without_secrets(mapping).replace("door", "front")
    assert with_secrets(renamed, mapping) == mapping.replace("door", "front")


def test_a_copy_of_a_camera_has_its_secret_for_the_same_host_only() -> None:
    shown = without_secrets(CAMERA)
    copy = shown.splitlines()[1].replace("door", "copy")
    assert with_secrets(f"{shown}{copy}\n", CAMERA) == CAMERA + CAMERA.splitlines()[1].replace("door", "copy") + "\n"
    with pytest.raises(ValueError, match=r"^line 3: cameras\.copy\.attributes\.url: the dots stand for no secret"):
        with_secrets(f"{shown}{copy.replace('@h', '@i')}\n", CAMERA)


URL, X = "line 2: cameras.door.attributes.url: ", "line 2: cameras.door.attributes.x: "
MOVED, UNKNOWN = "the dots are not where a hidden secret was", "the dots stand for no secret that is known"
TWO = "tokens: [s3cret-a, s3cret-b]\n"
REFUSED = {
    "another host": (CAMERA, ("@h/", "@evil/"), f"{URL}the hidden secret is for another host"),
    "another port": (CAMERA, ("@h/", "@h:1/"), f"{URL}the hidden secret is for another host"),
    "without encryption": (
        "url: https://a:s3cret@h/\n", ("https", "http"), "line 1: url: the hidden secret is for another host"
    ),
    "another host beside": (
        "a: {url: http://h/, token: s3cret}", ("h/", "i/"), "line 1: a.token: the hidden secret is for another host"
    ),
    "another host of a plugin": (
        "a: {host: h, port: 1, token: s3cret}", ("h,", "i,"), "line 1: a.token: the hidden secret is for another host"
    ),
    "part of a value": (CAMERA, (DOTS, f"{DOTS}x"), f"{URL}{MOVED}"),
    "another key": (CAMERA, ("x: 1", f"x: {DOTS}"), f"{X}{UNKNOWN}"),
    "a text": (CAMERA, ("x: 1", f"x: see {DOTS}"), f"{X}{MOVED}"),
    "a comment": (CAMERA, ("cameras:", f"cameras: # {DOTS}"), f"line 1: {UNKNOWN}"),
    "one of two tokens": (
        TWO, (f"{DOTS}, ", ""), "line 1: tokens[0]: the dots may stand for one of several secrets"
    ),
    "one token twice": (
        "tokens: [s3cret]", (DOTS, f"{DOTS}, {DOTS}"), "line 1: tokens[0]: the same secret may belong to several values"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("before", "change", "message"), REFUSED.values(), ids=REFUSED)
def test_dots_that_stand_for_no_secret_are_refused(before: str, change: tuple[str, str], message: str) -> None:
    with pytest.raises(UnknownSecret) as refused:
        with_secrets(without_secrets(before).replace(*change), before)
    assert str(refused.value) == f"{message}; type it again"
    assert str(refused.value).startswith(f"line {refused.value.line}: {refused.value.path}")
    assert str(refused.value).endswith(refused.value.reason)
    assert without_secrets(before).replace(*change).split("\n")[refused.value.line - 1][refused.value.column - 1 :]


def test_tokens_of_a_list_stay_in_their_order_beside_new_ones() -> None:
    before = "tokens: [s3cret-a, 's3cret-b']\n"
    assert (
        with_secrets(f"tokens: [new-token, {DOTS}, {DOTS}]\n", before) == "tokens: [new-token, s3cret-a, 's3cret-b']\n"
    )
    named = "tokens: [{name: a, token: s3cret-a}, {name: b, token: s3cret-b}]\n"
    assert with_secrets(f"tokens: [{{name: b, token: {DOTS}}}]", named) == "tokens: [{name: b, token: s3cret-b}]"


@pytest.mark.parametrize(
    ("before", "shown", "after"),
    [
        ("a: {password: 'it''s', url: h}", f'a:\n  password: "{DOTS}"\n  url: h', 'a:\n  password: "it\'s"\n  url: h'),
        ("a:\n  password: x, y", f"a: {{password: {DOTS}}}", 'a: {password: "x, y"}'),
        ("a:\n  password: |\n    x\n    y\n", f"a: {{password: {DOTS}}}", 'a: {password: "x\\ny\\n"}'),
        ("a:\n  password: 1234", f"a: {{password: {DOTS}}}", "a: {password: 1234}"),
        ("url: rtsp://a:b\\c@h/", f'url: "rtsp://a:{DOTS}@h/"', 'url: "rtsp://a:b\\\\c@h/"'),
    ],
)
def test_a_secret_fits_into_other_brackets_and_quotes(before: str, shown: str, after: str) -> None:
    assert with_secrets(shown, before) == after


def test_dots_of_the_file_itself_stay() -> None:
    text = f"x: 'a {DOTS}'  # {DOTS}\npassword: {DOTS}\n"
    assert without_secrets(text) == text
    assert with_secrets(text, text) == text


def test_a_broken_file_is_mended_without_typing_its_secrets_again() -> None:
    before = "a: [\npassword: s3cret\nurl: rtsp://a:s3cret@h/\n"
    shown = without_secrets(before)
    assert with_secrets(shown, before) == shown  # it cannot be read: whoever checks it says so
    assert with_secrets(shown.replace("[", "[]"), before) == before.replace("[", "[]")
    with pytest.raises(ValueError, match="^line 2: the dots stand for no secret that is known; type it again$"):
        with_secrets(shown.replace("[", "[]").replace("password", "token"), before)


def test_items_that_are_commented_out_of_a_list_of_secrets_are_hidden() -> None:
    text = """\
server:
  tokens:  # of the family
    - tok-new-hunter22-aaaaaaaaa
    # - tok-old-hunter22-zzzzzzzzz
    # hunter22
    # the one of the garage
  port: 8080
  # hunter
"""
    shown = without_secrets(text)
    assert shown == text.replace("tok-new-hunter22-aaaaaaaaa", DOTS).replace(
        "tok-old-hunter22-zzzzzzzzz", DOTS
    ).replace("# hunter22", f"# {DOTS}")
    assert with_secrets(shown, text) == text
    assert without_secrets("server: {}\n") == "server: {}\n"
    for list_of_one in ("server: {tokens: [a-long-token]}\n", "server:\n  tokens:\n    - a-long-token\n"):
        shown = list_of_one.replace("a-long-token", DOTS)
        assert without_secrets(f"{list_of_one}# more\n") == f"{shown}# more\n"
