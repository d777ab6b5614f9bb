"""Clarifai's prediction call, answered by the vision services: over gRPC on a port of its own, and as REST.

One servicer is behind both forms. What it needs, Clarifai's messages and gRPC, is the extra ``clarifai``: nothing here
imports it before it is asked for.

* codes        what Clarifai's numbers mean, and which are used here
* choice       what a request wants of a result
* outputs      results as Clarifai's messages
* servicer     a request to its reply
* json_form    both as JSON
* rest         the HTTP endpoints
* grpc_server  the gRPC port
"""

from .listener import open_clarifai
from .rest import ClarifaiRest

__all__ = ["ClarifaiRest", "open_clarifai"]
