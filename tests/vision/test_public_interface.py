from __future__ import annotations

from pathlib import Path

from vision import (
    RUNTIMES,
    VISION_SERVICES,
    MlModelAttributes,
    MlModelVision,
    RuntimeAttributes,
    RuntimeDeclaration,
    ServiceDeclaration,
    build_services,
)


def test_every_kind_is_in_its_table_under_its_name() -> None:
    assert VISION_SERVICES["mlmodel"] is MlModelVision
    assert all(kind.model_name == name for name, kind in VISION_SERVICES.items())
    assert {name: kind.model_name for name, kind in RUNTIMES.items()} == {"tflite_cpu": "tflite_cpu", "onnx": "onnx"}


def test_services_are_built_in_order_without_loading() -> None:
    model = RuntimeDeclaration("ssd", "tflite_cpu", RuntimeAttributes(model_path=Path("/no/such/file")))
    named, direct = MlModelAttributes(mlmodel_name="ssd"), MlModelAttributes(model_path=Path("/no/such/file"))
    services = build_services(
        [ServiceDeclaration("coco", "mlmodel", named, model), ServiceDeclaration("faces", "mlmodel", direct)]
    )
    assert list(services) == ["coco", "faces"]
    assert (MlModelVision.needs(named), MlModelVision.needs(direct)) == ("ssd", None)


def test_each_attribute_has_a_description() -> None:
    kinds = [kind.attributes_type for kind in VISION_SERVICES.values()] + [
        kind.attributes_type for kind in RUNTIMES.values()
    ]
    assert all(field.description for kind in kinds for field in kind.model_fields.values())
