"""The samples of Clarifai's page on images, as printed there, with the indentation that Python needs.

Only what the page says to change can be changed: the constants at the top.
"""

from __future__ import annotations

import json

_CONSTANTS = """\
# Your PAT (Personal Access Token) can be found in the Account's Security section
PAT = 'YOUR_PAT_HERE'
# Specify the correct user_id/app_id pairings
# Since you're making inferences outside your app's scope
USER_ID = '{user}'
APP_ID = '{app}'
# Change these to whatever model and image {what} you want to use
MODEL_ID = '{model}'
MODEL_VERSION_ID = '{version}'
{image}
############################################################################
# YOU DO NOT NEED TO CHANGE ANYTHING BELOW THIS LINE TO RUN THIS EXAMPLE
############################################################################

from clarifai_grpc.channel.clarifai_channel import ClarifaiChannel
from clarifai_grpc.grpc.api import resources_pb2, service_pb2, service_pb2_grpc
from clarifai_grpc.grpc.api.status import status_code_pb2

channel = ClarifaiChannel.get_grpc_channel()
stub = service_pb2_grpc.V2Stub(channel)

metadata = (('authorization', 'Key ' + PAT),)

userDataObject = resources_pb2.UserAppIDSet(user_id=USER_ID, app_id=APP_ID)
"""

_OPENED = """
with open(IMAGE_FILE_LOCATION, "rb") as f:
    file_bytes = f.read()
"""

_CALL = """
post_model_outputs_response = stub.PostModelOutputs(
    service_pb2.PostModelOutputsRequest(
        user_app_id=userDataObject, # The userDataObject is created in the overview and is required when using a PAT
        model_id=MODEL_ID,
        version_id=MODEL_VERSION_ID, # This is optional. Defaults to the latest model version
        inputs=[
            resources_pb2.Input(
                data=resources_pb2.Data(
                    image=resources_pb2.Image(
                        {image}
                    )
                )
            )
        ]
    ),
    metadata=metadata
)
if post_model_outputs_response.status.code != status_code_pb2.SUCCESS:
    print(post_model_outputs_response.status)
    raise Exception("Post model outputs failed, status: " + post_model_outputs_response.status.description)
"""

_CLASSIFICATION = """
# Since we have one input, one output will exist here
output = post_model_outputs_response.outputs[0]

print("Predicted concepts:")
for concept in output.data.concepts:
    print("%s %.2f" % (concept.name, concept.value))

# Uncomment this line to print the full Response JSON
#print(output)
"""

_DETECTION = """
regions = post_model_outputs_response.outputs[0].data.regions

for region in regions:
    # Accessing and rounding the bounding box values
    top_row = round(region.region_info.bounding_box.top_row, 3)
    left_col = round(region.region_info.bounding_box.left_col, 3)
    bottom_row = round(region.region_info.bounding_box.bottom_row, 3)
    right_col = round(region.region_info.bounding_box.right_col, 3)

    for concept in region.data.concepts:
        # Accessing and rounding the concept value
        name = concept.name
        value = round(concept.value, 4)

        print((f"{name}: {value} BBox: {top_row}, {left_col}, {bottom_row}, {right_col}"))
"""

_SEGMENTATION = """
regions = post_model_outputs_response.outputs[0].data.regions

for region in regions:
    for concept in region.data.concepts:
        # Accessing and rounding the concept's percentage of image covered
        name = concept.name
        value = round(concept.value, 4)
        print((f"{name}: {value}"))
"""

_CAPTION = """
# Since we have one input, one output will exist here
output = post_model_outputs_response.outputs[0]

print("Image caption:")
print(output.data.text.raw)

# Uncomment this line to print the full Response JSON
# print(output)
"""

_MODELS = {
    "general-image-recognition": ("clarifai", "main", "aa7f35c01e0642fda5cf400f543e7c40", _CLASSIFICATION),
    "general-image-detection": ("clarifai", "main", "1580bb1932594c93b7e2e04456af7c6f", _DETECTION),
    "image-general-segmentation": ("clarifai", "main", "1581820110264581908ce024b12b4bfb", _SEGMENTATION),
    "general-english-image-caption-blip": ("salesforce", "blip", "cdb690f13e62470ea6723642044f95e4", _CAPTION),
}


def sample(model: str, *, url: str = "", file: str = "") -> str:
    """Give the sample for one of the page's models, with a picture by its URL or from a file."""
    user, app, version, printing = _MODELS[model]
    image = f"IMAGE_URL = '{url}'" if url else f"IMAGE_FILE_LOCATION = '{file}'"
    constants = _CONSTANTS.format(
        user=user, app=app, model=model, version=version, image=image, what="URL" if url else "input"
    )
    call = _CALL.replace("{image}", "url=IMAGE_URL" if url else "base64=file_bytes")
    return constants + ("" if url else _OPENED) + call + printing


def curl(address: str, *urls: str) -> list[str]:
    """Give the page's command for several inputs, at another address and without its comment, which is no JSON."""
    inputs = [{"data": {"image": {"url": url}}} for url in urls]
    path = (
        "v2/users/clarifai/apps/main/models/general-image-recognition/versions/aa7f35c01e0642fda5cf400f543e7c40/outputs"
    )
    return [
        *("curl", "--silent", "--noproxy", "*", "-X", "POST", f"{address}{path}"),
        *("-H", "Authorization: Key YOUR_PAT_HERE", "-H", "Content-Type: application/json"),
        *("-d", json.dumps({"inputs": inputs}, indent=2)),
    ]


JSON_CHANNEL = """\
import sys

from clarifai_grpc.channel.clarifai_channel import ClarifaiChannel
from clarifai_grpc.grpc.api import resources_pb2, service_pb2, service_pb2_grpc
from clarifai_grpc.grpc.api.status import status_code_pb2

stub = service_pb2_grpc.V2Stub(ClarifaiChannel.get_json_channel())
with open(sys.argv[1], "rb") as f:
    image = resources_pb2.Image(base64=f.read())
response = stub.PostModelOutputs(
    service_pb2.PostModelOutputsRequest(
        user_app_id=resources_pb2.UserAppIDSet(user_id="clarifai", app_id="main"),
        model_id="general-image-recognition",
        version_id="aa7f35c01e0642fda5cf400f543e7c40",
        inputs=[resources_pb2.Input(data=resources_pb2.Data(image=image))],
    ),
    metadata=(("authorization", "Key YOUR_PAT_HERE"),),
)
assert response.status.code == status_code_pb2.SUCCESS, response.status
for concept in response.outputs[0].data.concepts:
    print("%s %.2f" % (concept.name, concept.value))
"""
"""A client of the JSON form: the vendor's package over its JSON channel."""
