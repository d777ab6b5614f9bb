"""Clarifai's status code of each error."""

import pytest
from clarifai_grpc.grpc.api.status import status_code_pb2

from server import core
from server.clarifai.codes import Code, code_of_input, code_of_request


def test_every_code_has_clarifais_number_and_a_description() -> None:
    for code in Code:
        assert code.description
        number = status_code_pb2.StatusCode.Value(code.name)
        assert number == code


@pytest.mark.parametrize(
    ("error", "of_input", "of_request"),
    [
        (core.MissingToken(), 11009, 11009),
        (core.WrongToken(), 11008, 11008),
        (core.TooManyTokens(7.0, "from this address"), 11005, 11005),
        (core.Forbidden("x"), 11007, 11007),
        (core.NotFound("x"), 21200, 21200),
        (core.ModelUnavailable("x"), 21313, 21313),
        (core.Unavailable("x"), 21354, 11005),
        (core.TooLarge("x"), 30105, 30105),
        (core.DownloadTooLarge("x"), 30105, 30105),
        (core.UnsupportedMedia("x"), 30101, 30101),
        (core.Unreadable("x"), 30300, 30300),
        (core.InvalidUrl("x"), 30106, 30106),
        (core.Unreachable("x"), 39996, 39996),
        (core.DownloadFailed("x"), 30002, 30002),
        (core.TooSlow("x"), 11100, 11100),
        (core.BrokenOff("x"), 11100, 11100),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_error_has_its_code(error: core.RequestError, of_input: int, of_request: int) -> None:
    assert (code_of_input(error), code_of_request(error)) == (of_input, of_request)
