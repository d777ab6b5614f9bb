"""Clarifai's prediction call, answered by the vision services: over gRPC on a port of its own, and as REST.

Both forms share one servicer. Clarifai's messages and gRPC are in the extra ``clarifai`` and are imported only when
needed.

* codes          Clarifai's status codes
* output_config  the output options of a request
* outputs        results as Clarifai's messages
* servicer       the answer to a request
* json_form      requests and replies as JSON
* rest           the HTTP endpoints
* grpc_server    the gRPC port
"""

from .listener import open_clarifai
from .rest import ClarifaiRest

__all__ = ["ClarifaiRest", "open_clarifai"]
