"""Clarifai's prediction call, answered by our vision services: over gRPC at a port of its own, and as REST.

One servicer is behind both forms. What it needs, Clarifai's messages and gRPC, is the extra ``clarifai``: nothing here
imports it before somebody asks.

* codes      what Clarifai's numbers mean, and which we use
* choice     what a request wants of a result
* outputs    results as Clarifai's messages
* servicer   a request to its reply
* json_form  both as JSON
* rest       the HTTP endpoints
* door       the gRPC port
"""

from .rest import is_prediction, refused, router

__all__ = ["is_prediction", "refused", "router"]
