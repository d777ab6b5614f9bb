"""The predictions of services for the photographs of the data set, as JSON: here, or in a process with another runtime.

``python -m tests.vision.golden FOLDER`` prints ``{"runtime", "classification", "detection", "segmentation", "video",
"damaged"}``.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from cameras import Classification, Detection, Frame, Matrix, Pixels, Segmentation
from vision import LiteRt, MlModelAttributes, MlModelVision, ModelError, Session

VIDEO, DETECTOR = "person_768x432.mp4", "coco_ssd_mobilenet_v1_quant.tflite"
FACES, RAW = "blazeface_short_range_float.tflite", "fastestdet_352.onnx"
LABELS = {
    DETECTOR: "coco_ssd_90.txt",
    RAW: "coco_80.txt",
    FACES: None,  # the head's own
    "deeplabv3_257_float.tflite": None,  # packed into the file
    "deeplabv3_mnv2_dm05_513_quant.tflite": "pascal_voc_21.txt",
}


def service(data: Path, model: str) -> MlModelVision:
    name = LABELS.get(model, "imagenet_1001.txt")
    labels = data / "labels" / name if name else None
    return MlModelVision(model, MlModelAttributes(model_path=data / "models" / model, label_path=labels))


def photograph(data: Path, name: str) -> Frame:
    image = cv2.imread(str(data / "images" / name), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    assert image is not None
    return Frame(Pixels.from_bgr(np.asarray(image, np.uint8)), 0, Fraction(1), 0.0)


def sampled_frames(data: Path, every: int) -> Iterator[tuple[int, Frame]]:
    """Give every so many frames of the video, as planes, the way a camera would."""
    with av.open(str(data / "video" / VIDEO)) as container:
        for number, decoded in enumerate(container.decode(video=0)):
            if number % every == 0:
                planes = np.asarray(decoded.to_ndarray(format="yuv420p"), np.uint8)
                height, width = decoded.height, decoded.width
                y, rest = planes[:height], planes[height:].reshape(2, height // 2, width // 2)
                yield number, Frame(Pixels.from_yuv(y, rest[0], rest[1], Matrix.BT601), number, Fraction(1, 10), 0.0)


def detections(session: Session, frame: Frame) -> list[dict[str, Any]]:
    return [
        {
            "label": item.label,
            "score": item.confidence,
            "box": [item.box.y_min, item.box.x_min, item.box.y_max, item.box.x_max],
        }
        for item in session.predict(Detection, frame)
    ]


def detected(data: Path, model: str, expected: dict[str, Any]) -> dict[str, Any]:
    """Return what a detector finds in each photograph that there are golden results for."""
    with service(data, model).open_session() as detector:
        return {name: detections(detector, photograph(data, name)) for name in expected["detection"][model]["images"]}


def segmented(data: Path, model: str, expected: dict[str, Any]) -> dict[str, Any]:
    """Return of each photograph the share of each label, and how many pixels are as in the golden map."""
    found = {}
    with service(data, model).open_session() as segmenter:
        for name, golden_result in expected["segmentation"][model].items():
            items = segmenter.predict(Segmentation, photograph(data, name))
            numbers = np.full(golden_result["map_shape"], 255, np.uint8)
            for item in items:
                numbers[item.mask > 0] = segmenter.service.labels.index(item.label)
            canonical = cv2.imread(str(data / golden_result["canonical_map"]), cv2.IMREAD_UNCHANGED)
            found[name] = {
                "coverage": {item.label: item.coverage for item in items},
                "confidence": {item.label: item.confidence for item in items},
                "agreement": float(np.mean(numbers == canonical)),
            }
    return found


def results(data: Path, classifiers: Iterable[str], expected: dict[str, Any]) -> dict[str, Any]:
    """Return what the services say about everything that there are golden results for."""
    found: dict[str, Any] = {"runtime": LiteRt.version(), "classification": {}, "detection": {}, "video": {}}
    found["segmentation"] = {model: segmented(data, model, expected) for model in expected["segmentation"]}
    for model in classifiers:
        with service(data, model).open_session() as classifier:
            found["classification"][model] = {
                name: [
                    [item.label, item.confidence] for item in classifier.predict(Classification, photograph(data, name))
                ]
                for name in expected["classification"][model]
            }
    found["detection"] = {model: detected(data, model, expected) for model in (DETECTOR, FACES)}
    with service(data, DETECTOR).open_session() as detector:
        every = expected["video"][VIDEO]["sampled_every"]
        for number, frame in sampled_frames(data, every):
            found["video"][str(number)] = detections(detector, frame)
    found["damaged"] = damaged(data)
    return found


def damaged(data: Path) -> list[str]:
    """Return the errors of damaged models, some of which crash the process that loads them."""
    content = (data / "models" / DETECTOR).read_bytes()
    dice, messages = random.Random(1), []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "damaged.tflite"
        for _ in range(4):
            changed = bytearray(content)
            for _ in range(20):
                changed[dice.randrange(len(content) - 90_000, len(content) - 5_000)] = 255  # where the graph stands
            path.write_bytes(changed)
            try:
                MlModelVision("damaged", MlModelAttributes(model_path=path)).inspect()
            except ModelError as error:
                messages.append(str(error).replace(str(path), "FILE"))
    return messages


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    golden = json.loads((folder / "expected.json").read_text())
    json.dump(results(folder, golden["classification"], golden), sys.stdout)
