"""One violation of every rule of the configuration: (name, text of the file, expected problems)."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pipeline import ConfigError, parse

from .kinds import KINDS

ENVIRONMENT = {"FIVE": "5", "WORD": "half", "STRUCTURE": "{codecs: [vp8]}"}

# The expected lines omit "pipeline.yaml:" at their beginning.
ROWS = (
    (
        "an empty file",
        "",
        "1:1: cameras: is missing",
    ),
    (
        "nothing but a comment",
        "# nothing\n",
        "1:1: cameras: is missing",
    ),
    (
        "nothing but an end of a document",
        "---\n",
        "2:1: cameras: is missing",
    ),
    (
        "a list at the root",
        "- name: a\n",
        "1:1: must be a mapping with the key cameras, got a list",
    ),
    (
        "a text at the root",
        "cameras\n",
        "1:1: must be a mapping with the key cameras, got text",
    ),
    (
        "cameras left empty",
        "cameras:\n",
        "1:9: cameras: must have at least 1 entry, got none",
    ),
    (
        "no camera",
        "cameras: []\n",
        "1:10: cameras: must have at least 1 entry, got none",
    ),
    (
        "cameras are a mapping",
        ("cameras:\n  a: {model: webcam}\n"),
        "2:3: cameras: must be a list, got a mapping",
    ),
    (
        "cameras are text",
        "cameras: none\n",
        "1:10: cameras: must be a list, got text",
    ),
    (
        "services are text",
        ("cameras:\n  - {name: a, model: webcam}\nservices: none\n"),
        "3:11: services: must be a list, got text",
    ),
    (
        "a camera is text",
        ("cameras:\n  - webcam\n"),
        "2:5: cameras[0]: must be a mapping, got text",
    ),
    (
        "a camera is nothing",
        ("cameras:\n  -\n"),
        "2:4: cameras[0]: must be a mapping, got nothing",
    ),
    (
        "unknown key at the root",
        ("cameras:\n  - {name: a, model: webcam}\ncamreas: []\n"),
        '3:1: camreas: unknown key, did you mean "cameras"? (known: cameras, services, server, plugins)',
    ),
    (
        "unknown key at the root, nothing near",
        ("cameras:\n  - {name: a, model: webcam}\nzzz: 1\n"),
        "3:1: zzz: unknown key (known: cameras, services, server, plugins)",
    ),
    (
        "unknown key of a camera",
        ("cameras:\n  - {name: a, model: webcam, preloud: true}\n"),
        (
            '2:30: cameras[0].preloud: unknown key, did you mean "preload"? (known: name, model, attributes, '
            "preload, linger_s, private, stream, style)"
        ),
    ),
    (
        "a key of the attributes one level too high",
        ("cameras:\n  - name: a\n    model: webcam\n    width_px: 640\n"),
        '4:5: cameras[0].width_px: unknown key here, it belongs under "attributes"',
    ),
    (
        "unknown key of attributes",
        ("cameras:\n  - {name: a, model: stream, attributes: {url: 'rtsp://a/b', transprot: udp}}\n"),
        (
            '2:62: cameras[0].attributes.transprot: unknown key, did you mean "transport"? (known: url, '
            "transport, timeout_s)"
        ),
    ),
    (
        "an unknown key where no key is allowed",
        (
            "cameras:\n"
            "  - name: b\n"
            "    model: transform\n"
            "    attributes: {source: a, pipeline: [{type: identity, attributes: {x: 1}}]}\n"
            "  - {name: a, model: webcam}\n"
        ),
        "4:70: cameras[0].attributes.pipeline[0].attributes.x: unknown key (known: none)",
    ),
    (
        "unknown key with a strange name",
        ('cameras:\n  - {name: a, model: webcam, "x y\\n": 1}\n'),
        (
            '2:30: cameras[0]["x y\\n"]: unknown key (known: name, model, attributes, preload, linger_s, '
            "private, stream, style)"
        ),
    ),
    (
        "a word of other programs",
        ("cameras:\n  - {name: a, model: webcam, stream: {fps: 5}}\n"),
        (
            '2:39: cameras[0].stream.fps: unknown key, did you mean "frame_rate"? (known: bitrate, frame_rate, '
            "key_frame_interval_s, preset, codecs, passthrough, ladder)"
        ),
    ),
    (
        "the name is missing",
        ("cameras:\n  - model: webcam\n"),
        "2:5: cameras[0].name: is missing",
    ),
    (
        "the model is missing",
        ("cameras:\n  - name: a\n"),
        "2:5: cameras[0].model: is missing",
    ),
    (
        "everything is missing",
        ("cameras:\n  - {}\n"),
        ("2:5: cameras[0].name: is missing\n2:5: cameras[0].model: is missing"),
    ),
    (
        "a key of the attributes is missing",
        ("cameras:\n  - name: a\n    model: stream\n    attributes:\n      transport: udp\n"),
        "5:7: cameras[0].attributes.url: is missing",
    ),
    (
        "the attributes are missing",
        ("cameras:\n  - name: a\n    model: stream\n"),
        "2:5: cameras[0].attributes.url: is missing",
    ),
    (
        "the attributes are left empty",
        ("cameras:\n  - name: a\n    model: stream\n    attributes:\n"),
        "4:16: cameras[0].attributes.url: is missing",
    ),
    (
        "the attributes are a list",
        ("cameras:\n  - name: a\n    model: stream\n    attributes: [url]\n"),
        "4:17: cameras[0].attributes: must be a mapping, got a list",
    ),
    (
        "duplicate key",
        ("cameras:\n  - name: a\n    model: webcam\n    name: b\n"),
        "4:5: cameras[0].name: duplicate key, already given on line 2",
    ),
    (
        "duplicate key at the root",
        ("cameras:\n  - {name: a, model: webcam}\ncameras: []\n"),
        "3:1: cameras: duplicate key, already given on line 1",
    ),
    (
        "duplicate camera",
        ("cameras:\n  - {name: a, model: webcam}\n  - {name: a, model: webcam}\n"),
        '3:12: cameras[1].name: duplicate name "a", already given on line 2',
    ),
    (
        "duplicate service",
        (
            "cameras:\n"
            "  - {name: a, model: webcam}\n"
            "services:\n"
            "  - {name: s, type: vision, model: mlmodel}\n"
            "  - {name: s, type: vision, model: mlmodel}\n"
        ),
        '5:12: services[1].name: duplicate name "s", already given on line 4',
    ),
    (
        "a name with a slash",
        ("cameras:\n  - {name: a/b, model: webcam}\n"),
        (
            '2:12: cameras[0].name: must be a letter or digit, then letters, digits, "-" and "_", at most 60 '
            'in all, got "a/b"'
        ),
    ),
    (
        "a name that begins with a dash",
        ("cameras:\n  - {name: -a, model: webcam}\n"),
        (
            '2:12: cameras[0].name: must be a letter or digit, then letters, digits, "-" and "_", at most 60 '
            'in all, got "-a"'
        ),
    ),
    (
        "an empty name",
        ("cameras:\n  - {name: '', model: webcam}\n"),
        (
            '2:12: cameras[0].name: must be a letter or digit, then letters, digits, "-" and "_", at most 60 '
            'in all, got ""'
        ),
    ),
    (
        "a name of 61 letters",
        ("cameras:\n  - {name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, model: webcam}\n"),
        (
            '2:12: cameras[0].name: must be a letter or digit, then letters, digits, "-" and "_", at most 60 '
            'in all, got "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"'
        ),
    ),
    (
        "a name that is no ASCII",
        ("cameras:\n  - {name: straße, model: webcam}\n"),
        (
            '2:12: cameras[0].name: must be a letter or digit, then letters, digits, "-" and "_", at most 60 '
            'in all, got "straße"'
        ),
    ),
    (
        "a name that is a number",
        ("cameras:\n  - {name: 5, model: webcam}\n"),
        "2:12: cameras[0].name: must be text, got 5",
    ),
    (
        "a name that is nothing",
        ("cameras:\n  - name:\n    model: webcam\n"),
        "2:10: cameras[0].name: must be text, got nothing",
    ),
    (
        "unknown model",
        ("cameras:\n  - {name: a, model: webcm}\n"),
        (
            '2:22: cameras[0].model: must be one of: video_file, stream, webcam, transform; got "webcm" (did '
            'you mean "webcam"?)'
        ),
    ),
    (
        "unknown model, near an alias",
        ("cameras:\n  - {name: a, model: ffmpg}\n"),
        (
            '2:22: cameras[0].model: must be one of: video_file, stream, webcam, transform; got "ffmpg" (did '
            'you mean "ffmpeg"?)'
        ),
    ),
    (
        "unknown model, nothing near",
        ("cameras:\n  - {name: a, model: xyz}\n"),
        '2:22: cameras[0].model: must be one of: video_file, stream, webcam, transform; got "xyz"',
    ),
    (
        "the model is a number",
        ("cameras:\n  - {name: a, model: 1}\n"),
        "2:22: cameras[0].model: must be text, got 1",
    ),
    (
        "a word where one of several is wanted",
        ("cameras:\n  - {name: a, model: stream, attributes: {url: x, transport: tpc}}\n"),
        '2:62: cameras[0].attributes.transport: must be one of: tcp, udp; got "tpc" (did you mean "tcp"?)',
    ),
    (
        "text where a bool is wanted",
        ("cameras:\n  - {name: a, model: webcam, preload: yes}\n"),
        '2:39: cameras[0].preload: must be true or false, got "yes"',
    ),
    (
        "a number where a bool is wanted",
        ("cameras:\n  - {name: a, model: webcam, preload: 1}\n"),
        "2:39: cameras[0].preload: must be true or false, got 1",
    ),
    (
        "text where a number is wanted",
        ("cameras:\n  - {name: a, model: webcam, linger_s: half}\n"),
        '2:40: cameras[0].linger_s: must be a number, got "half"',
    ),
    (
        "a quoted number where a number is wanted",
        ("cameras:\n  - {name: a, model: webcam, linger_s: '5'}\n"),
        '2:40: cameras[0].linger_s: must be a number, got "5"',
    ),
    (
        "a bool where a number is wanted",
        ("cameras:\n  - {name: a, model: webcam, linger_s: true}\n"),
        "2:40: cameras[0].linger_s: must be a number, got true",
    ),
    (
        "nothing where a number is wanted",
        ("cameras:\n  - name: a\n    model: webcam\n    linger_s:\n"),
        "4:14: cameras[0].linger_s: must be a number, got nothing",
    ),
    (
        "null where a number is wanted",
        ("cameras:\n  - {name: a, model: webcam, linger_s: null}\n"),
        "2:40: cameras[0].linger_s: must be a number, got null",
    ),
    (
        "a list where a number is wanted",
        ("cameras:\n  - {name: a, model: webcam, linger_s: [5]}\n"),
        "2:40: cameras[0].linger_s: must be a number, got a list",
    ),
    (
        "a fraction where a whole number is wanted",
        ("cameras:\n  - {name: a, model: webcam, attributes: {width_px: 1.5}}\n"),
        "2:53: cameras[0].attributes.width_px: must be a whole number, got 1.5",
    ),
    (
        "a whole number or text, or nothing",
        ("cameras:\n  - {name: a, model: webcam, attributes: {video_path: 1.5}}\n"),
        "2:55: cameras[0].attributes.video_path: must be a whole number or text, got 1.5",
    ),
    (
        "a number below a minimum",
        ("cameras:\n  - {name: a, model: webcam, attributes: {width_px: 0}}\n"),
        "2:53: cameras[0].attributes.width_px: must be at least 1, got 0",
    ),
    (
        "a number that must be greater",
        ("cameras:\n  - {name: a, model: stream, attributes: {url: x, timeout_s: 0}}\n"),
        "2:62: cameras[0].attributes.timeout_s: must be greater than 0, got 0",
    ),
    (
        "a number outside its bounds",
        (
            "cameras:\n"
            "  - {name: a, model: webcam}\n"
            "  - name: b\n"
            "    model: transform\n"
            "    attributes:\n"
            "      source: a\n"
            "      pipeline:\n"
            "        - type: detections\n"
            "          attributes: {detector_name: s, confidence_threshold: 1.5}\n"
            "services: [{name: s, type: vision, model: mlmodel}]\n"
        ),
        ("9:64: cameras[1].attributes.pipeline[0].attributes.confidence_threshold: must be between 0 and 1, got 1.5"),
    ),
    (
        "a number greater and at most",
        ("cameras:\n  - {name: a, model: webcam, stream: {frame_rate: 0}}\n"),
        "2:51: cameras[0].stream.frame_rate: must be greater than 0 and at most 240, got 0",
    ),
    (
        "a number in hexadecimal outside its bounds",
        ("cameras:\n  - {name: a, model: webcam}\nserver: {port: 0x1FFFF}\n"),
        "3:16: server.port: must be between 0 and 65535, got 0x1FFFF",
    ),
    (
        "a huge number",
        (
            "cameras:\n"
            "  - {name: a, model: webcam}\n"
            "server: {port: "
            "100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
            "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
            "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
            "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
            "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
            "000000000000000000000}\n"
        ),
        (
            "3:16: server.port: must be between 0 and 65535, got "
            "10000000000000000000000000000000000000000000000000000000000000000000000000000000..."
        ),
    ),
    (
        "not a number",
        ("cameras:\n  - {name: a, model: webcam, linger_s: .nan}\n"),
        "2:40: cameras[0].linger_s: must be between 0 and 86400, got .nan",
    ),
    (
        "not a number, without bounds",
        (
            "cameras:\n"
            "  - {name: a, model: webcam}\n"
            "services: [{name: s, type: vision, model: mlmodel, attributes: {mean: [1, 2, .nan]}}]\n"
        ),
        "3:78: services[0].attributes.mean[2]: must be a finite number, got .nan",
    ),
    (
        "infinity",
        ("cameras:\n  - {name: a, model: webcam, linger_s: .inf}\n"),
        "2:40: cameras[0].linger_s: must be between 0 and 86400, got .inf",
    ),
    (
        "text where a list is wanted",
        (
            "cameras:\n"
            "  - {name: b, model: transform, attributes: {source: a, pipeline: resize}}\n"
            "  - {name: a, model: webcam}\n"
        ),
        "2:67: cameras[0].attributes.pipeline: must be a list, got text",
    ),
    (
        "a number in a list of texts",
        (
            "cameras:\n"
            "  - {name: a, model: webcam}\n"
            "  - {name: b, model: transform, attributes: {source: a, pipeline: [{type: detections, attributes: "
            "{detector_name: s, valid_labels: [no, 5]}}]}}\n"
            "services: [{name: s, type: vision, model: mlmodel}]\n"
        ),
        "3:137: cameras[1].attributes.pipeline[0].attributes.valid_labels[1]: must be text, got 5",
    ),
    (
        "too few entries",
        (
            "cameras:\n"
            "  - {name: a, model: webcam}\n"
            "services: [{name: s, type: vision, model: mlmodel, attributes: {mean: [1, 2]}}]\n"
        ),
        "3:71: services[0].attributes.mean: must have at least 3 entries, got 2",
    ),
    (
        "a wrong value under a free key",
        (
            "cameras:\n"
            "  - {name: a, model: webcam}\n"
            "services: [{name: s, type: vision, model: mlmodel, attributes: {label_confidences: {traffic "
            "light: high}}}]\n"
        ),
        '3:100: services[0].attributes.label_confidences["traffic light"]: must be a number, got "high"',
    ),
    (
        "a value out of bounds under a free key",
        (
            "cameras:\n"
            "  - {name: a, model: webcam}\n"
            "services: [{name: s, type: vision, model: mlmodel, attributes: {label_confidences: {cat: 2}}}]\n"
        ),
        "3:90: services[0].attributes.label_confidences.cat: must be between 0 and 1, got 2",
    ),
    (
        "a camera of a service that does not exist",
        (
            "cameras:\n"
            "  - {name: porch, model: webcam}\n"
            "services: [{name: s, type: vision, model: mlmodel, attributes: {camera_name: porhc}}]\n"
        ),
        '3:78: services[0].attributes.camera_name: no camera is named "porhc", did you mean "porch"? (known: porch)',
    ),
    (
        "an empty text",
        ("cameras:\n  - {name: a, model: stream, attributes: {url: ''}}\n"),
        "2:48: cameras[0].attributes.url: must not be empty",
    ),
    (
        "an empty pipeline",
        (
            "cameras:\n"
            "  - {name: b, model: transform, attributes: {source: a, pipeline: []}}\n"
            "  - {name: a, model: webcam}\n"
        ),
        "2:67: cameras[0].attributes.pipeline: must have at least 1 entry, got none",
    ),
    (
        "a pipeline of words",
        (
            "cameras:\n"
            "  - {name: b, model: transform, attributes: {source: a, pipeline: [identity]}}\n"
            "  - {name: a, model: webcam}\n"
        ),
        "2:68: cameras[0].attributes.pipeline[0]: must be a mapping, got text",
    ),
    (
        "a transform without type",
        (
            "cameras:\n"
            "  - {name: b, model: transform, attributes: {source: a, pipeline: [{attributes: {}}]}}\n"
            "  - {name: a, model: webcam}\n"
        ),
        "2:68: cameras[0].attributes.pipeline[0].type: is missing",
    ),
    (
        "unknown transform",
        (
            "cameras:\n"
            "  - {name: b, model: transform, attributes: {source: a, pipeline: [{type: resze}]}}\n"
            "  - {name: a, model: webcam}\n"
        ),
        (
            "2:75: cameras[0].attributes.pipeline[0].type: must be one of: identity, resize, detections; got "
            '"resze" (did you mean "resize"?)'
        ),
    ),
    (
        "an attribute of a transform one level too high",
        (
            "cameras:\n"
            "  - {name: a, model: webcam}\n"
            "  - {name: b, model: transform, attributes: {source: a, pipeline: [{type: resize, width_px: 5}]}}\n"
        ),
        (
            "3:68: cameras[1].attributes.pipeline[0].attributes.width_px: is missing\n"
            "3:68: cameras[1].attributes.pipeline[0].attributes.height_px: is missing\n"
            '3:83: cameras[1].attributes.pipeline[0].width_px: unknown key here, it belongs under "attributes"'
        ),
    ),
    (
        "a camera that does not exist",
        (
            "cameras:\n"
            "  - name: street\n"
            "    model: webcam\n"
            "  - name: b\n"
            "    model: transform\n"
            "    attributes:\n"
            "      source: stret\n"
            "      pipeline: [{type: identity}]\n"
        ),
        ('7:15: cameras[1].attributes.source: no camera is named "stret", did you mean "street"? (known: street, b)'),
    ),
    (
        "a source is missing",
        ("cameras:\n  - {name: b, model: transform, attributes: {pipeline: [{type: identity}]}}\n"),
        "2:45: cameras[0].attributes.source: is missing",
    ),
    (
        "a camera on itself",
        ("cameras:\n  - {name: b, model: transform, attributes: {source: b, pipeline: [{type: identity}]}}\n"),
        "2:54: cameras[0].attributes.source: cameras take their frames from each other in a cycle: b -> b",
    ),
    (
        "cameras in a cycle",
        (
            "cameras:\n"
            "  - {name: x, model: transform, attributes: {source: a, pipeline: [{type: identity}]}}\n"
            "  - {name: a, model: transform, attributes: {source: b, pipeline: [{type: identity}]}}\n"
            "  - {name: b, model: transform, attributes: {source: c, pipeline: [{type: identity}]}}\n"
            "  - {name: c, model: transform, attributes: {source: a, pipeline: [{type: identity}]}}\n"
        ),
        ("3:54: cameras[1].attributes.source: cameras take their frames from each other in a cycle: a -> b -> c -> a"),
    ),
    (
        "a vision service that does not exist",
        (
            "cameras:\n"
            "  - {name: a, model: webcam}\n"
            "  - {name: b, model: transform, attributes: {source: a, pipeline: [{type: detections, attributes: "
            "{detector_name: cocoo}}]}}\n"
            "services: [{name: coco, type: vision, model: mlmodel}]\n"
        ),
        (
            '3:115: cameras[1].attributes.pipeline[0].attributes.detector_name: no service is named "cocoo", '
            'did you mean "coco"? (known: coco)'
        ),
    ),
    (
        "a vision service that is not declared",
        (
            "cameras:\n"
            "  - {name: a, model: webcam}\n"
            "  - {name: b, model: transform, attributes: {source: a, pipeline: [{type: detections, attributes: "
            "{detector_name: coco}}]}}\n"
        ),
        ('3:115: cameras[1].attributes.pipeline[0].attributes.detector_name: no service is named "coco" (known: none)'),
    ),
    (
        "references to services without a type: only the type is reported",
        (
            "cameras:\n"
            "  - {name: a, model: webcam}\n"
            "  - {name: b, model: transform, attributes: {source: a, pipeline: [{type: detections, attributes: "
            "{detector_name: coco}}]}}\n"
            "services:\n"
            "  - {name: coco, model: mlmodel, attributes: {mlmodel_name: ssd}}\n"
            "  - {name: ssd, type: mlmodle, model: tflite_cpu, attributes: {model_path: here}}\n"
        ),
        (
            "5:5: services[0].type: is missing\n"
            '6:23: services[1].type: must be one of: vision, mlmodel; got "mlmodle" (did you mean "mlmodel"?)'
        ),
    ),
    (
        "a model where a vision service is wanted",
        (
            "cameras:\n"
            "  - {name: a, model: webcam}\n"
            "  - {name: b, model: transform, attributes: {source: a, pipeline: [{type: detections, attributes: "
            "{detector_name: ssd}}]}}\n"
            "services: [{name: ssd, type: mlmodel, model: tflite_cpu, attributes: {model_path: here}}]\n"
        ),
        (
            '3:115: cameras[1].attributes.pipeline[0].attributes.detector_name: "ssd" is a service of type '
            "mlmodel, not vision (known: none)"
        ),
    ),
    (
        "a vision service where a model is wanted",
        (
            "cameras:\n"
            "  - {name: a, model: webcam}\n"
            "services:\n"
            "  - {name: coco, type: vision, model: mlmodel, attributes: {mlmodel_name: coco}}\n"
        ),
        '4:75: services[0].attributes.mlmodel_name: "coco" is a service of type vision, not mlmodel (known: none)',
    ),
    (
        "a model that does not exist",
        (
            "cameras:\n"
            "  - {name: a, model: webcam}\n"
            "services:\n"
            "  - {name: coco, type: vision, model: mlmodel, attributes: {mlmodel_name: sd}}\n"
            "  - {name: ssd, type: mlmodel, model: tflite_cpu, attributes: {model_path: here}}\n"
        ),
        '4:75: services[0].attributes.mlmodel_name: no service is named "sd", did you mean "ssd"? (known: ssd)',
    ),
    (
        "unknown type of service",
        ("cameras:\n  - {name: a, model: webcam}\nservices: [{name: s, type: visoin, model: mlmodel}]\n"),
        '3:28: services[0].type: must be one of: vision, mlmodel; got "visoin" (did you mean "vision"?)',
    ),
    (
        "unknown model of a vision service",
        ("cameras:\n  - {name: a, model: webcam}\nservices: [{name: s, type: vision, model: mlmodl}]\n"),
        '3:43: services[0].model: must be one of: mlmodel; got "mlmodl" (did you mean "mlmodel"?)',
    ),
    (
        "unknown model of a model",
        ("cameras:\n  - {name: a, model: webcam}\nservices: [{name: s, type: mlmodel, model: tflite}]\n"),
        '3:44: services[0].model: must be one of: tflite_cpu; got "tflite" (did you mean "tflite_cpu"?)',
    ),
    (
        "a file that does not exist",
        ("cameras:\n  - {name: a, model: video_file, attributes: {path: gone.mp4}}\n"),
        "2:53: cameras[0].attributes.path: no such file: gone.mp4",
    ),
    (
        "a file without a name",
        ("cameras:\n  - {name: a, model: video_file, attributes: {path: ''}}\n"),
        "2:53: cameras[0].attributes.path: must not be empty",
    ),
    (
        "a file that does not exist beside a wrong value",
        ("cameras:\n  - {name: a, model: video_file, attributes: {path: gone.mp4, loop: 5}}\n"),
        (
            "2:53: cameras[0].attributes.path: no such file: gone.mp4\n"
            "2:69: cameras[0].attributes.loop: must be true or false, got 5"
        ),
    ),
    (
        "a path that is too long",
        (
            "cameras:\n"
            "  - {name: a, model: video_file, attributes: {path: "
            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
            "xxxxxxxxxxxx}}\n"
        ),
        "2:46: cameras[0].attributes: cannot be checked: File name too long",
    ),
    (
        "a path of a user who does not exist",
        ("cameras:\n  - {name: a, model: video_file, attributes: {path: ~nobody-here/x.mp4}}\n"),
        ("2:53: cameras[0].attributes.path: names a user without a home folder, got '~nobody-here/x.mp4'"),
    ),
    (
        "a model file that does not exist",
        (
            "cameras:\n"
            "  - {name: a, model: webcam}\n"
            "services: [{name: s, type: mlmodel, model: tflite_cpu, attributes: {model_path: /gone.tflite}}]\n"
        ),
        "3:81: services[0].attributes.model_path: no such file: /gone.tflite",
    ),
    (
        "a port that cannot be",
        ("cameras:\n  - {name: a, model: webcam}\nserver: {port: 70000}\n"),
        "3:16: server.port: must be between 0 and 65535, got 70000",
    ),
    (
        "a port that is text",
        ("cameras:\n  - {name: a, model: webcam}\nserver: {port: http}\n"),
        '3:16: server.port: must be a whole number, got "http"',
    ),
    (
        "a host that cannot be",
        ("cameras:\n  - {name: a, model: webcam}\nserver: {host: 'http://here'}\n"),
        '3:16: server.host: must be a host name or an IP address, got "http://here"',
    ),
    (
        "the server is text",
        ("cameras:\n  - {name: a, model: webcam}\nserver: here\n"),
        "3:9: server: must be a mapping, got text",
    ),
    (
        "a name of the server with its port",
        ("cameras:\n  - {name: a, model: webcam}\nserver: {names: ['cam.example.org:80']}\n"),
        (
            '3:18: server.names[0]: must be a host name without port and path, such as "cam.example.org", '
            'got "cam.example.org:80"'
        ),
    ),
    (
        "path prefixes that cannot be",
        ("cameras:\n  - {name: a, model: webcam}\nserver: {base_path: cams/}\n"),
        '3:21: server.base_path: must be a path such as "/cams": letters, digits, ".", "_", "~" and "-", got "cams/"',
    ),
    (
        "a path prefix that is a path of the server",
        ("cameras:\n  - {name: a, model: webcam}\nserver: {base_path: /api/cams}\n"),
        '3:21: server.base_path: must not begin with "/api", which is a path of the server itself',
    ),
    (
        "proxies that are no networks",
        (
            "cameras:\n  - {name: a, model: webcam}\n"
            "server: {trusted_proxies: [proxy, 10.1.0.0/8, 0.0.0.0/0, '::/0', 127.0.0.1/33]}\n"
        ),
        (
            '3:28: server.trusted_proxies[0]: must be an IP address or a network such as "10.0.0.0/8", got "proxy"\n'
            '3:35: server.trusted_proxies[1]: must be an IP address or a network such as "10.0.0.0/8", '
            'got "10.1.0.0/8", did you mean "10.0.0.0/8"?\n'
            '3:47: server.trusted_proxies[2]: must not contain every address, got "0.0.0.0/0": each client could claim '
            "to be any other\n"
            '3:58: server.trusted_proxies[3]: must not contain every address, got "::/0": each client could claim '
            "to be any other\n"
            '3:66: server.trusted_proxies[4]: must be an IP address or a network such as "10.0.0.0/8", '
            'got "127.0.0.1/33"'
        ),
    ),
    (
        "origins that are none",
        ("cameras:\n  - {name: a, model: webcam}\nserver: {origins: ['*', 'https://a.example.org/page']}\n"),
        (
            "3:20: server.origins[0]: must be scheme, host and port of a page, http or https, without a path; "
            'got "*"\n'
            "3:25: server.origins[1]: must be scheme, host and port of a page, http or https, without a path; "
            'got "https://a.example.org"'
        ),
    ),
    (
        "two protocols on one port",
        ("cameras:\n  - {name: a, model: webcam}\nserver: {port: 8081, viam: {port: 8081}}\n"),
        "3:35: server.viam.port: must be another port than server.port, got 8081 for both",
    ),
    (
        "RTSP and Viam on one port",
        ("cameras:\n  - {name: a, model: webcam}\nserver: {viam: {port: 8554}, rtsp: {port: 8554}}\n"),
        "3:43: server.rtsp.port: must be another port than server.viam.port, got 8554 for both",
    ),
    (
        "a key of the server that comes later",
        ("cameras:\n  - {name: a, model: webcam}\nserver: {edit: true, recording: {}}\n"),
        (
            "3:10: server.edit: is not available in this version\n"
            "3:22: server.recording: is not available in this version"
        ),
    ),
    (
        "a word in place of a certificate",
        ("cameras:\n  - {name: a, model: webcam}\nserver: {tls: yes-please}\n"),
        ('3:15: server.tls: must be a mapping, or one of: self-signed; got "yes-please"'),
    ),
    (
        "a certificate without its key",
        ("cameras:\n  - {name: a, model: webcam}\nserver: {tls: {cert: a.pem, pasword: hunter2}}\n"),
        ("3:15: server.tls.key: is missing\n3:29: server.tls.pasword: unknown key (known: cert, key)"),
    ),
    (
        "a secret of the wrong type, which is not shown",
        ("cameras:\n  - {name: a, model: webcam}\nserver: {ice: {servers: [{urls: 'turn:a', credential: 1234}]}}\n"),
        ("3:55: server.ice.servers[0].credential: must be text, got a number"),
    ),
    (
        "keys that come later, at every level",
        ("outputs: []\nservers: []\ncameras:\n  - {name: a, model: webcam, record: off}\n"),
        (
            "1:1: outputs: is not available in this version\n2:1: servers: is not available in this version\n"
            "4:30: cameras[0].record: is not available in this version"
        ),
    ),
    (
        "kinds that come later",
        ("cameras:\n  - {name: a, model: whip}\nservices:\n  - {name: m, type: mlmodel, model: oip}\n"),
        (
            '2:22: cameras[0].model: "whip" is not available in this version\n'
            '4:37: services[0].model: "oip" is not available in this version'
        ),
    ),
    (
        "a key of the server one letter off",
        ("cameras:\n  - {name: a, model: webcam}\nserver: {prot: 80}\n"),
        (
            '3:10: server.prot: unknown key, did you mean "port"? '
            "(known: host, port, tokens, names, base_path, trusted_proxies, origins, tls, ice, viam, clarifai, rtsp, "
            "allow_image_urls, limits)"
        ),
    ),
    (
        "a port for Viam's clients that cannot be",
        ("cameras:\n  - {name: a, model: webcam}\nserver: {viam: {port: 70000, host: here}}\n"),
        (
            "3:23: server.viam.port: must be between 0 and 65535, got 70000\n"
            "3:30: server.viam.host: unknown key (known: port)"
        ),
    ),
    (
        "no port for Viam's clients",
        ("cameras:\n  - {name: a, model: webcam}\nserver: {viam: {}}\n"),
        "3:16: server.viam.port: is missing",
    ),
    (
        "UDP ports that are no range",
        ("cameras:\n  - {name: a, model: webcam}\nserver: {ice: {udp_ports: 50000}}\n"),
        ('3:27: server.ice.udp_ports: must be a range of ports within 1 and 65535, such as "50000-50100", got 50000'),
    ),
    (
        "UDP ports the wrong way round",
        ("cameras:\n  - {name: a, model: webcam}\nserver: {ice: {udp_ports: 50100-50000}}\n"),
        (
            '3:27: server.ice.udp_ports: must be a range of ports within 1 and 65535, such as "50000-50100", '
            'got "50100-50000"'
        ),
    ),
    (
        "an invalid ICE address",
        ("cameras:\n  - {name: a, model: webcam}\nserver: {ice: {addresses: [10.0.0.300]}}\n"),
        '3:28: server.ice.addresses[0]: must be an IP address, got "10.0.0.300"',
    ),
    (
        "an invalid ICE server",
        ("cameras:\n  - {name: a, model: webcam}\nserver: {ice: {servers: [{urls: ['http://x']}]}}\n"),
        (
            '3:34: server.ice.servers[0].urls[0]: must be an address such as "stun:stun.example.org:3478" or '
            '"turn:...", got "http://x"'
        ),
    ),
    (
        "an ICE server without addresses",
        ("cameras:\n  - {name: a, model: webcam}\nserver: {ice: {servers: [{username: x}]}}\n"),
        "3:26: server.ice.servers[0].urls: is missing",
    ),
    (
        "an ICE server with a single invalid address",
        ("cameras:\n  - {name: a, model: webcam}\nserver: {ice: {servers: [{urls: 'http://x'}]}}\n"),
        (
            '3:33: server.ice.servers[0].urls: must be an address such as "stun:stun.example.org:3478" or '
            '"turn:...", got "http://x"'
        ),
    ),
    (
        "addresses of an ICE server as a number",
        ("cameras:\n  - {name: a, model: webcam}\nserver: {ice: {servers: [{urls: 5}]}}\n"),
        "3:33: server.ice.servers[0].urls: must be a list, got a number",
    ),
    (
        "an unknown codec",
        ("cameras:\n  - {name: a, model: webcam, stream: {codecs: [h265]}}\n"),
        '2:48: cameras[0].stream.codecs[0]: must be one of: h264, vp8; got "h265" (did you mean "h264"?)',
    ),
    (
        "a codec twice",
        ("cameras:\n  - {name: a, model: webcam, stream: {codecs: [vp8, vp8]}}\n"),
        "2:47: cameras[0].stream.codecs: must name each codec once, got vp8, vp8",
    ),
    (
        "no codec",
        ("cameras:\n  - {name: a, model: webcam, stream: {codecs: []}}\n"),
        "2:47: cameras[0].stream.codecs: must have at least 1 entry, got none",
    ),
    (
        "a bit rate that cannot be",
        ("cameras:\n  - {name: a, model: webcam, stream: {bitrate: 2}}\n"),
        "2:48: cameras[0].stream.bitrate: must be between 10000 and 200000000, got 2",
    ),
    (
        "an unknown preset",
        ("cameras:\n  - {name: a, model: webcam, stream: {preset: ultrfast}}\n"),
        (
            "2:47: cameras[0].stream.preset: must be one of: ultrafast, superfast, veryfast, faster, fast, "
            'medium, slow, slower, veryslow; got "ultrfast" (did you mean "ultrafast"?)'
        ),
    ),
    (
        "a style that is not a mapping",
        ("cameras:\n  - {name: a, model: webcam, style: red}\n"),
        "2:37: cameras[0].style: must be a mapping, got text",
    ),
    (
        "several at once",
        (
            "cameras:\n"
            "  - {name: a/b, model: webcm, preload: 1}\n"
            "  - {model: stream, attributes: {transport: 5}}\n"
            "server: {port: -1}\n"
            "x: 1\n"
        ),
        (
            '2:12: cameras[0].name: must be a letter or digit, then letters, digits, "-" and "_", at most 60 '
            'in all, got "a/b"\n'
            '2:24: cameras[0].model: must be one of: video_file, stream, webcam, transform; got "webcm" (did '
            'you mean "webcam"?)\n'
            "2:40: cameras[0].preload: must be true or false, got 1\n"
            "3:5: cameras[1].name: is missing\n"
            "3:33: cameras[1].attributes.url: is missing\n"
            "3:45: cameras[1].attributes.transport: must be one of: tcp, udp; got 5\n"
            "4:16: server.port: must be between 0 and 65535, got -1\n"
            "5:1: x: unknown key (known: cameras, services, server, plugins)"
        ),
    ),
    (
        "a variable that is not set",
        ('cameras:\n  - {name: a, model: stream, attributes: {url: "${GONE}"}}\n'),
        "2:48: cameras[0].attributes.url: the environment variable GONE is not set and ${GONE} has no default",
    ),
    (
        "a variable that is not set, between brackets",
        ("cameras:\n  - {name: a, model: webcam, linger_s: ${GONE}}\n"),
        "2:40: cameras[0].linger_s: the environment variable GONE is not set and ${GONE} has no default",
    ),
    (
        "a variable that is not a number",
        ("cameras:\n  - {name: a, model: webcam, linger_s: ${WORD}}\n"),
        '2:40: cameras[0].linger_s: must be a number, got "half"',
    ),
    (
        "a quoted variable is text",
        ('cameras:\n  - {name: a, model: webcam, linger_s: "${FIVE}"}\n'),
        '2:40: cameras[0].linger_s: must be a number, got "5"',
    ),
    (
        "a placeholder without end",
        ('cameras:\n  - {name: a, model: stream, attributes: {url: "${FIVE"}}\n'),
        ('2:48: cameras[0].attributes.url: "${" does not begin ${NAME} or ${NAME:default}; "$$" is a dollar sign'),
    ),
    (
        "a placeholder without name",
        ('cameras:\n  - {name: a, model: stream, attributes: {url: "${}"}}\n'),
        '2:48: cameras[0].attributes.url: "${" does not begin ${NAME} or ${NAME:default}; "$$" is a dollar sign',
    ),
    (
        "a placeholder in a default",
        ('cameras:\n  - {name: a, model: stream, attributes: {url: "${GONE:${FIVE}}"}}\n'),
        ('2:48: cameras[0].attributes.url: "${" does not begin ${NAME} or ${NAME:default}; "$$" is a dollar sign'),
    ),
    (
        "a variable cannot bring structure",
        ("cameras:\n  - {name: a, model: webcam, stream: ${STRUCTURE}}\n"),
        "2:38: cameras[0].stream: must be a mapping, got text",
    ),
    (
        "a password is not shown",
        ("cameras:\n  - {name: a, model: webcam, linger_s: 'rtsp://user:secret@camera/1'}\n"),
        '2:40: cameras[0].linger_s: must be a number, got "rtsp://camera"',
    ),
    (
        "nor is a token, nor what a slash in a password leaves behind",
        ("cameras:\n  - {name: a, model: webcam, linger_s: 'rtsp://user:sec/ret@camera/1?token=abc'}\n"),
        '2:40: cameras[0].linger_s: must be a number, got "rtsp://camera"',
    ),
    (
        "a URL where a file is wanted",
        ("cameras:\n  - {name: a, model: video_file, attributes: {path: 'rtsp://user:secret@camera/1'}}\n"),
        ('2:53: cameras[0].attributes.path: must be a file or folder on this machine, got the URL "rtsp://camera"'),
    ),
    (
        "a tab",
        ("cameras:\n\t- name: a\n"),
        "2:1: a tab cannot indent YAML, use spaces",
    ),
    (
        "an unclosed quote",
        ('cameras:\n  - name: "a\n    model: webcam\n'),
        "2:11: this quote is never closed",
    ),
    (
        "an unclosed list",
        ("cameras:\n  - {name: a, model: webcam}\nservices: [\n"),
        "4:1: the file ends where a value is expected",
    ),
    (
        "an unclosed mapping",
        ("cameras:\n  - {name: a, model: webcam\n"),
        '2:5: this mapping is never closed, a "}" is missing',
    ),
    (
        "a comma is missing",
        ("cameras:\n  - {name: a model: webcam}\n"),
        '2:19: expected "," or "}" here, in the mapping opened on line 2',
    ),
    (
        "a bracket is missing",
        ("cameras:\n  - {name: a, stream: {codecs: [h264, vp8}}\n"),
        '2:42: expected "," or "]" here, in the list opened on line 2',
    ),
    (
        "a colon too many",
        ("cameras:\n  - name: a: b\n"),
        '2:12: ": " is not allowed here: check indentation and ":", also in the line above; does a text need quotes?',
    ),
    (
        "bad indentation of a key",
        ("cameras:\n  - name: a\n   model: webcam\n"),
        '3:4: expected "- " or less indentation here',
    ),
    (
        "bad indentation of a list",
        ("cameras:\n  - name: a\n    model: webcam\n - name: b\n"),
        "4:2: expected a key here: is the indentation correct, does a text need quotes?",
    ),
    (
        "a key without colon",
        ("cameras:\n  - name: a\n    model\n    preload: true\n"),
        '3:5: expected ": " after this key',
    ),
    (
        "text behind a quote",
        ('cameras:\n  - name: "a" b\n'),
        "2:15: expected a key here: is the indentation correct, does a text need quotes?",
    ),
    (
        "an at sign",
        ("cameras:\n  - name: @a\n"),
        '2:11: "@" cannot begin a value, put the text in quotes',
    ),
    (
        "an unknown escape",
        ('cameras:\n  - name: "C:\\qideo"\n'),
        "2:14: unknown escape in double quotes: use single quotes, or a doubled backslash",
    ),
    (
        "an alias without anchor",
        ("cameras:\n  - name: *a\n"),
        "2:11: cameras[0].name: the alias *a has no anchor &a before it",
    ),
    (
        "an alias in its own anchor",
        ("cameras:\n  - &a {name: *a}\n"),
        "2:15: cameras[0].name: the alias *a is inside its own anchor",
    ),
    (
        "an alias without name",
        ("cameras:\n  - name: *\n"),
        '2:12: expected a name after this "&" or "*"; a text that begins with one needs quotes',
    ),
    (
        "a tag",
        ("cameras:\n  - {name: !!str a, model: webcam}\n"),
        '2:12: cameras[0].name: tags are not supported, got "tag:yaml.org,2002:str"',
    ),
    (
        "a tag that would run code",
        ('cameras:\n  - !!python/object/apply:os.system ["true"]\n'),
        (
            '2:5: cameras[0]: tags are not supported, got "tag:yaml.org,2002:python/object/apply:os.system"\n'
            "2:5: cameras[0]: must be a mapping, got a list"
        ),
    ),
    (
        "a second document",
        ("cameras:\n  - {name: a, model: webcam}\n---\ncameras:\n  - {name: a, model: webcam}\n"),
        "3:1: a second document begins here; a configuration is one document",
    ),
    (
        "a key that is a list",
        ("cameras:\n  - [a]: b\n"),
        "2:5: cameras[0]: a key must be text",
    ),
    (
        "an empty key",
        ("cameras:\n  - {name: a, model: webcam, '': 1}\n"),
        "2:30: cameras[0]: a key must not be empty",
    ),
    (
        "a merge of a text",
        ("cameras:\n  - {<<: a, name: a, model: webcam}\n"),
        '2:6: cameras[0]["<<"]: must be a mapping, got "a"',
    ),
    (
        "a control character",
        ("cameras:\n  - name: a\u0007b\n"),
        "2:12: the character U+0007 is not allowed in YAML",
    ),
    (
        "a NUL",
        ("cameras:\n  - name: a\u0000\n"),
        "2:12: the character U+0000 is not allowed in YAML",
    ),
    (
        "a NUL by escape",
        ('cameras:\n  - {name: a, model: stream, attributes: {url: "\\0"}}\n'),
        "2:48: cameras[0].attributes.url: must not hold the character U+0000",
    ),
    (
        "an invalid version of YAML",
        ("%YAML 3.0\n---\ncameras:\n  - {name: a, model: webcam}\n"),
        "1:1: only YAML 1.1 and 1.2 can be read",
    ),
    (
        "behind the end of the document",
        ("cameras:\n  - {name: a, model: webcam}\n... x\n"),
        "3:5: expected the end of the file here: is the indentation correct?",
    ),
    (
        "too deep",
        (
            "cameras:\n"
            "  - "
            "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n"
        ),
        "2:43: is nested too deep, more than 40 levels",
    ),
    (
        "Windows line ends",
        ("cameras:\r\n  - name: a\r\n    model: webcm\r\n"),
        (
            '3:12: cameras[0].model: must be one of: video_file, stream, webcam, transform; got "webcm" (did '
            'you mean "webcam"?)'
        ),
    ),
    (
        "a byte order mark",
        ("﻿cameras:\n  - {name: a, model: webcm}\n"),
        (
            '2:22: cameras[0].model: must be one of: video_file, stream, webcam, transform; got "webcm" (did '
            'you mean "webcam"?)'
        ),
    ),
    (
        "columns count characters",
        ("cameras:\n  - {name: a, model: stream, attributes: {url: '日本語😀', x: 1}}\n"),
        "2:56: cameras[0].attributes.x: unknown key (known: url, transport, timeout_s)",
    ),
)


@pytest.mark.parametrize(("text", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_reports_each_problem_at_its_position(text: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "here").touch()
    with pytest.raises(ConfigError) as raised:
        parse(text, "pipeline.yaml", tmp_path, environment=ENVIRONMENT, tables=KINDS)
    lines = [str(problem).removeprefix("pipeline.yaml:") for problem in raised.value.problems]
    assert lines == expected.split("\n")
    assert str(raised.value) == "\n".join(f"pipeline.yaml:{line}" for line in lines)


def test_the_python_parser_reports_the_same_problems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.config.nodes.yaml_reader.LOADER", yaml.SafeLoader)
    (tmp_path / "here").touch()
    differing = set()
    for name, text, expected in ROWS:
        with pytest.raises(ConfigError) as raised:
            parse(text, "pipeline.yaml", tmp_path, environment=ENVIRONMENT, tables=KINDS)
        lines = [str(problem).removeprefix("pipeline.yaml:") for problem in raised.value.problems]
        if lines != expected.split("\n"):
            differing.add(name)
    # PyYAML's own parser says of these what it expected in other words, or places them a character aside.
    assert differing == {
        "bad indentation of a key",
        "bad indentation of a list",
        "text behind a quote",
        "an unknown escape",
    }
