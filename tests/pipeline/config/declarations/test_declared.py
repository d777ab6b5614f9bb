"""Messages to clients name files without their folders."""

from pathlib import Path

from pipeline import parse

TEXT = """
cameras:
  - {name: one, model: image_file, attributes: {path: a/b/one.png}}
  - {name: two, model: image_file, attributes: {path: a/two.png}}
services:
  - name: shapes
    type: vision
    model: mlmodel
    attributes: {model_path: models/shapes.tflite}
"""


def test_the_folders_of_all_files_are_removed_the_longest_first(tmp_path: Path) -> None:
    for name in ("a/b/one.png", "a/two.png", "models/shapes.tflite"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    config = parse(TEXT, "test.yaml", tmp_path)
    assert config.folders == (f"{tmp_path}/models/", f"{tmp_path}/a/b/", f"{tmp_path}/a/")
    said = f"{tmp_path}/a/b/one.png: is damaged; so is {tmp_path}/a/two.png, and /etc/passwd is not"
    assert config.without_folders(said) == "one.png: is damaged; so is two.png, and /etc/passwd is not"
