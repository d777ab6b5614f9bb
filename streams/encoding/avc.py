"""H.264 as MP4 and FLV have it (ISO/IEC 14496-15): units with their lengths, and parameter sets apart from pictures."""

from __future__ import annotations

from typing import NamedTuple

from cameras import SequenceParameters, sequence_parameters

from ..rtp import h264_units

_KIND, _SEQUENCE_PARAMETERS, _PICTURE_PARAMETERS = 0x1F, 7, 8
_PLAIN_PROFILES = frozenset({66, 77, 88})  # Baseline, Main, Extended: the record says no more of them
_SETS_MAX = 31  # sequence parameter sets have five bits for their number


class ParameterSets(NamedTuple):
    """What a decoder must know before the first picture.

    Attributes:
        sequence: The sequence parameter sets, without start codes; at least one.
        picture: The picture parameter sets; at least one.
    """

    sequence: tuple[bytes, ...]
    picture: tuple[bytes, ...]

    @property
    def configuration(self) -> bytes:
        """The ``AVCDecoderConfigurationRecord`` of MP4 and FLV, with lengths of four bytes."""
        first = self.sequence[0]
        parts = [b"\x01", first[1:4], b"\xff", bytes((0xE0 | len(self.sequence),))]
        parts += [_with_length(unit, 2) for unit in self.sequence]
        parts.append(bytes((len(self.picture),)))
        parts += [_with_length(unit, 2) for unit in self.picture]
        if first[1] not in _PLAIN_PROFILES and (said := _parameters_in(first)) is not None:
            # 14496-15, 5.3.3.1: how colours are sampled, bits of luma and chroma beyond 8, no extensions
            depth = said.depth - 8
            parts.append(bytes((0xFC | said.chroma, 0xF8 | depth, 0xF8 | depth, 0)))
        return b"".join(parts)

    @property
    def codec(self) -> str:
        """The name of the codec in media types, such as ``avc1.42E01F``."""
        return f"avc1.{self.sequence[0][1:4].hex().upper()}"


class AvcPicture(NamedTuple):
    """One picture, as samples of MP4 and tags of FLV have it.

    Attributes:
        parameters: Its parameter sets; ``None`` if it comes without, as all but key frames do.
        sample: Its other units, each behind its length in four bytes.
    """

    parameters: ParameterSets | None
    sample: bytes


def avc_picture(data: bytes) -> AvcPicture:
    """Return a picture of H.264 with start codes (Annex B) as MP4 and FLV have it."""
    sequence: list[bytes] = []
    picture: list[bytes] = []
    others: list[bytes] = []
    for unit in h264_units(data):
        kind = unit[0] & _KIND
        if kind == _SEQUENCE_PARAMETERS and len(unit) > 3:
            sequence.append(unit)
        elif kind == _PICTURE_PARAMETERS:
            picture.append(unit)
        else:
            others.append(unit)
    parameters = ParameterSets(tuple(sequence[-_SETS_MAX:]), tuple(picture[-255:])) if sequence and picture else None
    return AvcPicture(parameters, with_lengths(others))


def with_lengths(units: list[bytes] | tuple[bytes, ...]) -> bytes:
    """Return units one after another, each behind its length in four bytes."""
    return b"".join(part for unit in units for part in (len(unit).to_bytes(4, "big"), unit))


def _with_length(unit: bytes, size: int) -> bytes:
    return len(unit).to_bytes(size, "big") + unit


def _parameters_in(unit: bytes) -> SequenceParameters | None:
    try:
        return sequence_parameters(unit)
    except (IndexError, ValueError):
        return None
