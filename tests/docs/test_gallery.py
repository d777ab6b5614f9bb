"""The gallery has a picture of every camera that the configurations show."""

import re

from docs.pictures import HERE, shown_cameras

BYTES_MAX = 250_000


def test_every_camera_has_its_picture_in_the_gallery() -> None:
    linked = re.findall(r"\]\(transforms/([\w-]+)\.jpg\)", (HERE / "gallery.md").read_text())
    shown = {name for name, _, _ in shown_cameras()}
    missing = sorted(shown - set(linked))
    assert missing == [], "docs/gallery.md shows each public transform camera of configs/; `make pictures ARGS=cameras`"
    assert sorted(linked) == sorted(shown)
    assert sorted(linked) == sorted(path.stem for path in (HERE / "transforms").iterdir())


def test_pictures_are_small() -> None:
    pictures = [*HERE.glob("*.png"), *(HERE / "transforms").iterdir()]
    assert pictures
    assert [path.name for path in pictures if path.stat().st_size > BYTES_MAX] == []
