"""Sequence parameter sets of real encoders, and cut ones."""

from fractions import Fraction

import pytest

from cameras.picture.h264 import sequence_parameters
from tests.cameras.videos import packets


def parameters_of(**options: str) -> bytes:
    """Return the sequence parameter set that x264 writes, without its start code."""
    whole, _ = packets("libx264", 1, **options)
    units = [unit.rstrip(b"\0") for unit in whole[0].split(b"\0\0\1")]
    return next(unit for unit in units if unit and unit[0] & 0x1F == 7)


@pytest.mark.parametrize(
    ("options", "profile", "reorders"),
    [
        ({"profile": "baseline"}, 66, False),
        ({"profile": "main", "preset": "veryfast", "bf": "0"}, 77, False),
        ({"profile": "high", "preset": "veryfast", "bf": "0"}, 100, False),
        ({"profile": "high", "preset": "veryfast", "bf": "2"}, 100, True),
        ({"profile": "high", "preset": "veryfast", "bf": "0", "x264-params": "cqm=jvt:nal-hrd=cbr:vbv-maxrate=500"
          ":vbv-bufsize=500:bitrate=500:overscan=show:colorprim=bt709:chromaloc=1"}, 100, False),
    ],
    ids=["baseline", "main", "high", "b_frames", "scaling_and_decoder_model"],
)  # fmt: skip
def test_profile_size_and_order_are_read(options: dict[str, str], profile: int, reorders: bool) -> None:
    found = sequence_parameters(parameters_of(**options))
    assert (found.profile, found.width, found.height, found.reorders) == (profile, 640, 352, reorders)
    assert (found.chroma, found.depth, found.is_progressive, found.has_planes) == (1, 8, True, False)
    assert not found.allows_gaps and 4 <= found.number_bits <= 16


def test_shape_and_kind_of_pictures_are_read() -> None:
    assert sequence_parameters(parameters_of(**{"x264-params": "sar=4/3"})).aspect == Fraction(4, 3)
    assert sequence_parameters(parameters_of(**{"x264-params": "sar=1000/999"})).aspect == Fraction(1000, 999)
    assert not sequence_parameters(parameters_of(**{"x264-params": "interlaced=1"})).is_progressive


def test_what_a_cut_set_does_not_say_is_unknown() -> None:
    whole = parameters_of(**{"x264-params": "sar=4/3", "bf": "2", "preset": "veryfast"})
    found = sequence_parameters(whole)
    cut = sequence_parameters(whole[:-3])
    assert found.reorders and cut.reorders is None
    assert cut._replace(reorders=True) == found
    with pytest.raises(IndexError):
        sequence_parameters(whole[:6])
    with pytest.raises(ValueError, match="numbers of"):
        sequence_parameters(b"\x67\x64\x00\x1f\xac\x0a\x01\xff\xff\xff")
