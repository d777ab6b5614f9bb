"""Print what a camera sees: python examples/predictions.py http://127.0.0.1:8080 scene-detected."""

import json
import os
import sys
from urllib.request import Request, urlopen

_, camweave, camera = sys.argv
request = Request(f"{camweave.rstrip('/')}/api/cameras/{camera}/predictions")
if "CAMWEAVE_TOKEN" in os.environ:  # where the server has tokens
    request.add_header("Authorization", f"Bearer {os.environ['CAMWEAVE_TOKEN']}")
with urlopen(request, timeout=60) as lines:  # without predictions, a comment comes every 15 seconds
    for line in lines:
        if line.startswith(b"data: "):
            event = json.loads(line[6:])
            found = (
                f"{item.get('class_name') or item.get('text')} {item.get('confidence', item.get('coverage', 0)):.2f}"
                for item in event["predictions"]
            )
            print(event["sequence"], *found, flush=True)
