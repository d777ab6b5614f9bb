"""Values of scalars: expansion of placeholders such as ``${NAME:default}``, and types of unquoted YAML.

The types follow YAML 1.2's core schema, in which ``no``, ``on`` and ``12:30`` are text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_PART = re.compile(
    r"\$\$"
    r"|\$\{(?:environment\.)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::(?P<default>(?:[^}$]|\$\$|\$(?!\{))*))?\}"
    r"|\$\{(?P<package>packages\.[\w:/.-]+)\}"  # this form and ``environment.`` are Viam's
    r"|\$\{"
)

# In ``[port: ${PORT:8080}]`` YAML would end the scalar at the brace. During parsing, characters of the private use area
# replace such marks one for one, so that columns stay correct.
_PLACEHOLDER = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*(?::[^{}\r\n]*)?\}")
_MARKS = "{}[],:#"
_STAND_INS = "".join(chr(0xE000 + i) for i in range(len(_MARKS)))
_SHIELD = str.maketrans(_MARKS, _STAND_INS)
_UNSHIELD = str.maketrans(_STAND_INS, _MARKS)

_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_INT = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITY = re.compile(r"([-+]?)\.(inf|Inf|INF)")
_NAN = frozenset({".nan", ".NaN", ".NAN"})

# Python refuses to convert integers of more than 4300 digits; longer ones than this become floats.
MAX_DIGITS = 400


def shielded(text: str) -> tuple[str, bool]:
    """Hide the marks inside placeholders of a YAML text from the parser.

    Returns:
        The text to parse, and whether its scalars must go through :func:`unshielded`. A text that already contains the
        stand-in characters is returned unchanged.
    """
    if "${" not in text or any(character in text for character in _STAND_INS):
        return text, False
    return _PLACEHOLDER.sub(lambda match: match[0].translate(_SHIELD), text), True


def unshielded(scalar: str) -> str:
    """Undo :func:`shielded` for one scalar of the text."""
    return scalar.translate(_UNSHIELD)


def expanded(text: str, environment: Mapping[str, str]) -> str:
    """Return the text with its placeholders replaced.

    Raises:
        ValueError: A variable without a default is not set, or a placeholder is malformed.
    """
    if "$" not in text:
        return text
    unset: list[str] = []

    def value(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        name, default = match["name"], match["default"]
        if (package := match["package"]) is not None:
            if package in environment:
                return environment[package]
            raise ValueError(f"{match[0]} names a package that is not declared under packages")
        if name is None:
            # The message does not quote the text: it may be a password that contains a dollar sign.
            raise ValueError('"${" does not begin ${NAME} or ${NAME:default}; "$$" is a dollar sign')
        if name in environment:
            return _utf8(name, environment[name])
        if default is None:
            unset.append(name)
            return ""
        return default.replace("$$", "$")

    result = _PART.sub(value, text)
    if len(names := list(dict.fromkeys(unset))) > 1:
        raise ValueError(
            f"the environment variables {', '.join(names[:-1])} and {names[-1]} are not set, without defaults"
        )
    if names:
        raise ValueError(f"the environment variable {names[0]} is not set and ${{{names[0]}}} has no default")
    return result


def placeholders(text: str) -> Iterator[re.Match[str]]:
    """Yield the placeholders of a text, such as ``${NAME:default}``, with the groups ``name`` and ``default``."""
    return (match for match in _PART.finditer(text) if match["name"] or match["package"])


def _utf8(name: str, value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"the environment variable {name} is not UTF-8 text") from None
    return value


def typed(text: str) -> None | bool | int | float | str:
    """Return the value of an unquoted scalar."""
    if text in _NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    if len(text) > MAX_DIGITS and _INT.fullmatch(text):
        return float(text)
    if _INT.fullmatch(text):
        return int(text)
    if _OCTAL.fullmatch(text):
        return int(text[2:], 8)
    if _HEX.fullmatch(text):
        return int(text[2:], 16)
    if _FLOAT.fullmatch(text):
        return float(text)
    if infinity := _INFINITY.fullmatch(text):
        return float(f"{infinity[1]}inf")
    return float("nan") if text in _NAN else text


def unusable(text: str) -> str | None:
    """Return why a text can never be used; None when it can."""
    if "\0" in text:
        return "must not hold the character U+0000"
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "must not hold half of a surrogate pair"
    return None
