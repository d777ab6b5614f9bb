from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cameras import Caption, Detection
from tests.vision import captioner_models
from tests.vision.fakes import frame
from vision import (
    Captioner,
    CaptionerAttributes,
    ModelError,
    OnnxAttributes,
    RuntimeDeclaration,
    UnsupportedKind,
)
from vision.runtimes.shared_models import SharedModels
from vision.runtimes.verifier import Verifier

RED, GREEN = (0, 0, 255), (0, 255, 0)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedModels]:
    """Yield one set of shared models, so that the child process tries equal files once."""
    made = SharedModels(Verifier(tmp_path_factory.mktemp("cache")))
    yield made
    assert made.loaded == 0


def changed(attributes: CaptionerAttributes, **values: Any) -> CaptionerAttributes:
    return CaptionerAttributes.model_validate(attributes.model_dump() | values)


def error(attributes: CaptionerAttributes, models: SharedModels, folder: Path) -> str:
    with pytest.raises(ModelError) as caught:
        Captioner("words", attributes, models=models).open_session()
    return str(caught.value).replace(f"{folder}/", "")


def test_a_picture_is_captioned(tmp_path: Path, models: SharedModels) -> None:
    service = Captioner("words", captioner_models.files(tmp_path), models=models)
    with service.open_session() as session:
        assert service.kinds == {"captions"}
        (red,), (green,) = session.predict(Caption, frame(color=RED)), session.predict(Caption, frame(color=GREEN))
        assert (red.label, green.label) == ("a red picture", "a green picture")
        assert 0.99 < red.confidence < 1
        with pytest.raises(UnsupportedKind, match="service words gives captions, not detections"):
            session.predict(Detection, frame())
    with pytest.raises(ModelError, match="service words is not open"):
        session.predict(Caption, frame())


def test_a_caption_is_cached(tmp_path: Path, models: SharedModels) -> None:
    service, picture = Captioner("words", captioner_models.files(tmp_path), models=models), frame(color=RED)
    with service.open_session() as session:
        assert session.predict(Caption, picture) is session.predict(Caption, picture)
        assert service.inferences == 1


def test_the_encoder_can_be_a_declared_model(tmp_path: Path, models: SharedModels) -> None:
    attributes = changed(captioner_models.files(tmp_path), model_path=None, mlmodel_name="eyes")
    declared = RuntimeDeclaration("eyes", "onnx", OnnxAttributes(model_path=tmp_path / "encoder_model.onnx"))
    assert Captioner.needs(attributes) == "eyes"
    with Captioner("words", attributes, declared, models=models).open_session() as service:
        assert [caption.label for caption in service.predict(Caption, frame(color=RED))] == ["a red picture"]
    assert error(attributes, models, tmp_path) == "service words: the model 'eyes' is not declared"


def test_a_vocabulary_file_works_like_a_tokenizer_json(tmp_path: Path, models: SharedModels) -> None:
    (tmp_path / "vocab.txt").write_text("\n".join(captioner_models.TOKENS))
    attributes = changed(captioner_models.files(tmp_path), tokenizer_path=tmp_path / "vocab.txt")
    with Captioner("words", attributes, models=models).open_session() as service:
        assert [caption.label for caption in service.predict(Caption, frame(color=RED))] == ["a red picture"]


def test_the_start_token_is_the_declared_one_or_the_one_in_the_config_file(
    tmp_path: Path, models: SharedModels
) -> None:
    attributes = captioner_models.files(tmp_path)
    (tmp_path / "generation_config.json").write_text('{"decoder_start_token_id": 4, "eos_token_id": 2}')
    for start, text in ((None, "picture"), ("[CLS]", "a red picture"), (3, "red picture")):
        with Captioner("words", changed(attributes, start_token=start), models=models).open_session() as service:
            assert [caption.label for caption in service.predict(Caption, frame(color=RED))] == [text]


def test_captions_end_at_max_tokens(tmp_path: Path, models: SharedModels) -> None:
    attributes = changed(captioner_models.files(tmp_path), max_tokens=2)
    with Captioner("words", attributes, models=models).open_session() as service:
        assert [caption.label for caption in service.predict(Caption, frame(color=RED))] == ["a red"]


def test_empty_captions_and_those_below_the_minimum_are_dropped(tmp_path: Path, models: SharedModels) -> None:
    attributes = captioner_models.files(tmp_path)
    with Captioner(
        "words", changed(attributes, default_minimum_confidence=1.0), models=models
    ).open_session() as service:
        assert service.predict(Caption, frame(color=RED)) == ()
    with Captioner("words", changed(attributes, end_token="a"), models=models).open_session() as service:
        assert service.predict(Caption, frame(color=RED)) == ()


def test_a_model_for_pictures_of_any_size_needs_one(tmp_path: Path, models: SharedModels) -> None:
    attributes = changed(captioner_models.files(tmp_path), input_image_size_px=None)
    assert error(attributes, models, tmp_path) == (
        "encoder_model.onnx: input pixel_values [any, any, any, any] float32 accepts pictures of any size; "
        "set input_image_size_px"
    )


def test_a_model_with_a_wrongly_declared_dynamic_size_is_run(tmp_path: Path, models: SharedModels) -> None:
    attributes = captioner_models.files(tmp_path)
    (tmp_path / "encoder_model.onnx").write_bytes(captioner_models.encoder(side_px=16))
    with Captioner("words", attributes, models=models).open_session() as service:
        assert [caption.label for caption in service.predict(Caption, frame(color=RED))] == ["a red picture"]
    assert "set input_image_size_px" in error(changed(attributes, input_image_size_px=None), models, tmp_path)
    assert error(changed(attributes, input_image_size_px=24), models, tmp_path).startswith(
        "encoder_model.onnx: input_image_size_px: the model does not accept 24: the model fails: "
    )


def test_errors_name_their_file(tmp_path: Path, models: SharedModels) -> None:
    attributes = captioner_models.files(tmp_path)
    assert error(changed(attributes, start_token="begin"), models, tmp_path) == (
        "tokenizer.json: start_token: no such token: 'begin'"
    )
    (tmp_path / "few.onnx").write_bytes(captioner_models.decoder(words=9)[:-1])
    assert error(changed(attributes, decoder_path=tmp_path / "few.onnx"), models, tmp_path).startswith("few.onnx: ")
    swapped = changed(attributes, decoder_path=attributes.model_path)
    assert error(swapped, models, tmp_path).startswith("encoder_model.onnx: the decoder must have one integer input")
    (tmp_path / "decoder_model.onnx").unlink()
    assert error(attributes, models, tmp_path) == "decoder_model.onnx: no such model file"


def test_missing_files_are_reported_before_loading(tmp_path: Path) -> None:
    attributes = captioner_models.files(tmp_path)
    assert list(attributes.check()) == []
    missing = changed(attributes, decoder_path=tmp_path / "no.onnx", tokenizer_path=tmp_path)
    assert list(missing.check()) == [
        (("decoder_path",), f"no such file: {tmp_path / 'no.onnx'}"),
        (("tokenizer_path",), f"is not a file: {tmp_path}"),
    ]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "must have either mlmodel_name or model_path"),
        ({"mlmodel_name": "eyes", "num_threads": 2}, "num_threads needs model_path"),
        ({"mlmodel_name": "eyes", "start_token": -1}, "greater than or equal to 0"),
        ({"mlmodel_name": "eyes", "end_token": True}, "valid"),
        ({"mlmodel_name": "eyes", "max_tokens": 0}, "greater than or equal to 1"),
        ({"mlmodel_name": "eyes", "input_image_mean_value": (0.5,)}, "must be 3 numbers, one per channel"),
        ({"mlmodel_name": "eyes", "input_image_std_dev": (0.5, 0.0, 1.0)}, "must not contain 0"),
    ],
)
def test_inconsistent_attributes_are_refused(values: dict[str, Any], message: str) -> None:
    paths: dict[str, Any] = {"decoder_path": Path("decoder"), "tokenizer_path": Path("words")}
    with pytest.raises(ValidationError, match=message):
        CaptionerAttributes(**paths, **values)


def test_camera_name_is_the_default_camera(tmp_path: Path) -> None:
    assert Captioner.default_camera(changed(captioner_models.files(tmp_path), camera_name="porch")) == "porch"
