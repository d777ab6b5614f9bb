"""What a tutorial shows for a video with boxes: one loop of OpenCV, LiteRT and PyAV. `throughput` runs it as a script.

Usage: tutorial.py INPUT OUTPUT MODEL THREADS ENCODER_OPTIONS_AS_JSON
"""

from __future__ import annotations

import json
import sys
from fractions import Fraction

import av
import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter


def main(source: str, target: str, model: str, threads: str, options: str) -> None:
    """Paint the boxes of a detector that gives boxes, classes and scores on every frame."""
    interpreter = Interpreter(model_path=model, num_threads=int(threads))
    interpreter.allocate_tensors()
    given = interpreter.get_input_details()[0]
    outputs = interpreter.get_output_details()
    height, width = given["shape"][1:3]
    capture = cv2.VideoCapture(source)
    rate = Fraction(capture.get(cv2.CAP_PROP_FPS)).limit_denominator(1001)
    container = av.open(target, "w")
    stream = container.add_stream("libx264", rate=rate, options=json.loads(options))
    stream.width = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH))
    stream.height = int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    stream.pix_fmt = "yuv420p"
    number = 0
    while True:
        ok, image = capture.read()
        if not ok:
            break
        picture = cv2.cvtColor(cv2.resize(image, (width, height)), cv2.COLOR_BGR2RGB)[None]
        if given["dtype"] == np.float32:
            picture = (picture.astype(np.float32) - 127.5) / 127.5
        interpreter.set_tensor(given["index"], picture)
        interpreter.invoke()
        boxes, classes, scores = (interpreter.get_tensor(output["index"])[0] for output in outputs[:3])
        for (top, left, bottom, right), kind, score in zip(boxes, classes, scores, strict=True):
            if score < 0.5:
                continue
            corner = int(left * stream.width), int(top * stream.height)
            opposite = int(right * stream.width), int(bottom * stream.height)
            cv2.rectangle(image, corner, opposite, (0, 255, 0), 2)
            label = f"{int(kind)} {score:.2f}"
            cv2.putText(image, label, (corner[0], corner[1] - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 255, 0), 2)
        frame = av.VideoFrame.from_ndarray(np.asarray(image, np.uint8), format="bgr24")
        frame.pts, frame.time_base = number, 1 / rate
        container.mux(stream.encode(frame))
        number += 1
    container.mux(stream.encode(None))
    container.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
