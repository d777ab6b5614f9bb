"""Send a picture to a vision service and print what it detects. Needs only Python's standard library.

usage: python examples/detect.py photo.jpg [--service shape-boxes] [--camweave http://127.0.0.1:8080]

With tokens, set CAMWEAVE_TOKEN.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen


def detect(camweave: str, service: str, picture: bytes, token: str | None = None) -> list[dict[str, Any]]:
    """Return the detections in a picture, the most confident first.

    Args:
        camweave: The server's address, such as ``http://127.0.0.1:8080``.
        service: The name of a vision service that gives detections.
        picture: The bytes of a picture file.
        token: One of the server's tokens, if it has any.

    Raises:
        HTTPError: The server refuses the request; the body is JSON, and its ``detail`` is a sentence.
    """
    headers = {"Content-Type": "application/octet-stream"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    request = Request(f"{camweave}/api/vision/{service}/detections", picture, headers)
    with urlopen(request, timeout=60) as reply:
        found: list[dict[str, Any]] = json.load(reply)["detections"]
        return found


def main() -> None:
    """Print a line for each detection."""
    parser = argparse.ArgumentParser(description="Print what a vision service detects in a picture.")
    parser.add_argument("picture", type=Path)
    parser.add_argument("--service", default="shape-boxes")
    parser.add_argument("--camweave", default="http://127.0.0.1:8080")
    arguments = parser.parse_args()
    try:
        found = detect(
            arguments.camweave.rstrip("/"),
            arguments.service,
            arguments.picture.read_bytes(),
            os.environ.get("CAMWEAVE_TOKEN"),
        )
    except HTTPError as error:
        sys.exit(f"{error.code}: {json.load(error)['detail']}")
    for item in found:
        box = " ".join(str(item[corner]) for corner in ("x_min", "y_min", "x_max", "y_max"))
        print(f"{item['class_name']} {item['confidence']:.2f} {box}")


if __name__ == "__main__":
    main()
