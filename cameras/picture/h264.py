"""The sequence parameter set of H.264: what a stream says of all its pictures."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

# Profiles whose parameter sets also say how colours are sampled.
_HIGH = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_BASELINE = 66
# Table E-1: the shape of a pixel by its number.
_ASPECTS = (
    None, *(Fraction(*pair) for pair in (
        (1, 1), (12, 11), (10, 11), (16, 11), (40, 33), (24, 11), (20, 11), (32, 11), (80, 33), (18, 11), (15, 11),
        (64, 33), (160, 99), (4, 3), (3, 2), (2, 1),
    )),
)  # fmt: skip
_OWN_ASPECT = 255


class SequenceParameters(NamedTuple):
    """What a sequence parameter set says.

    Attributes:
        profile: The profile as a number: 66 Baseline, 77 Main, 100 High.
        width: Width of the shown picture in pixels.
        height: Its height.
        chroma: How colours are sampled: 1 is 4:2:0.
        depth: Bits per sample, the larger of luma's and chroma's.
        is_progressive: Whether all pictures are whole frames.
        aspect: Width of a pixel divided by its height; ``None`` if not stated.
        reorders: Whether pictures are shown in another order than they come; ``None`` if not stated.
        number_bits: Bits of a picture's number.
        allows_gaps: Whether numbers may be left out on purpose.
        has_planes: Whether each colour is coded as a picture of its own.
    """

    profile: int
    width: int
    height: int
    chroma: int
    depth: int
    is_progressive: bool
    aspect: Fraction | None
    reorders: bool | None
    number_bits: int
    allows_gaps: bool
    has_planes: bool


def sequence_parameters(unit: bytes) -> SequenceParameters:
    """Return what a sequence parameter set says.

    Args:
        unit: The unit, without its start code.

    Raises:
        IndexError: It is cut.
        ValueError: It contradicts the standard.
    """
    bits = Bits(unit[1:])
    profile = bits.fixed(8)
    bits.fixed(16)  # constraints, level
    bits.exponential()  # its number
    chroma, depth, has_planes = 1, 8, False
    if profile in _HIGH:
        chroma = bits.exponential()
        has_planes = chroma == 3 and bool(bits.fixed(1))
        depth = 8 + max(bits.exponential(), bits.exponential())
        bits.fixed(1)
        if bits.fixed(1):
            for index in range(12 if chroma == 3 else 8):
                if bits.fixed(1):
                    _skip_scaling(bits, 16 if index < 6 else 64)
    number_bits = bits.exponential() + 4
    if number_bits > 16 or chroma > 3:
        raise ValueError(f"numbers of {number_bits} bits, chroma format {chroma}")
    order = _skip_order(bits)
    bits.exponential()  # reference pictures
    allows_gaps = bool(bits.fixed(1))
    width, rows = 16 * (bits.exponential() + 1), bits.exponential() + 1
    is_progressive = bool(bits.fixed(1))
    height = 16 * rows * (1 if is_progressive else 2)
    if not is_progressive:
        bits.fixed(1)
    bits.fixed(1)
    if bits.fixed(1):
        step_x = 2 if chroma in (1, 2) else 1
        step_y = (2 if chroma == 1 else 1) * (1 if is_progressive else 2)
        left, right, top, bottom = (bits.exponential() for _ in range(4))
        width, height = width - step_x * (left + right), height - step_y * (top + bottom)
    aspect, reordered = _usability(bits)
    never = profile == _BASELINE or order == 2
    reorders = False if never else None if reordered is None else reordered > 0
    return SequenceParameters(
        profile, width, height, chroma, depth, is_progressive, aspect, reorders, number_bits, allows_gaps, has_planes
    )


class Bits:
    """Reads the bits of a unit; raises ``IndexError`` at the end."""

    def __init__(self, data: bytes) -> None:
        data = data.replace(b"\x00\x00\x03", b"\x00\x00")
        self._left = len(data) * 8
        self._value = int.from_bytes(data, "big")

    def fixed(self, number: int) -> int:
        """Return the next bits as a number."""
        if number > self._left:
            raise IndexError(number)
        self._left -= number
        return (self._value >> self._left) & ((1 << number) - 1)

    def exponential(self) -> int:
        """Return the next number in Exp-Golomb code; signed ones are not told apart."""
        left = self._left
        rest = self._value & ((1 << left) - 1)
        zeros = left - rest.bit_length()
        return self.fixed(2 * zeros + 1) - 1


def _skip_scaling(bits: Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            code = bits.exponential()
            following = (last + ((code + 1) // 2 if code % 2 else -code // 2)) % 256
        last = following or last


def _skip_order(bits: Bits) -> int:
    """Skip what is said of the order of pictures; return its kind."""
    order = bits.exponential()
    if order == 0:
        bits.exponential()
    elif order == 1:
        bits.fixed(1)
        bits.exponential()
        bits.exponential()
        for _ in range(bits.exponential()):
            bits.exponential()
    return order


def _usability(bits: Bits) -> tuple[Fraction | None, int | None]:
    """Read the usability information; return the shape of a pixel and how many pictures are shown late, if stated.

    Some cameras cut it; what is missing then is not stated.
    """
    aspect = None
    try:
        if not bits.fixed(1):
            return None, None
        aspect = _aspect(bits)
        return aspect, _reordered(bits)
    except IndexError:
        return aspect, None


def _aspect(bits: Bits) -> Fraction | None:
    if not bits.fixed(1):
        return None
    number = bits.fixed(8)
    if number == _OWN_ASPECT:
        width, height = bits.fixed(16), bits.fixed(16)
        return Fraction(width, height) if width and height else None
    return _ASPECTS[number] if number < len(_ASPECTS) else None


def _reordered(bits: Bits) -> int | None:
    if bits.fixed(1):  # overscan
        bits.fixed(1)
    if bits.fixed(1):  # signal
        bits.fixed(4)
        if bits.fixed(1):
            bits.fixed(24)
    if bits.fixed(1):  # place of chroma samples
        bits.exponential()
        bits.exponential()
    if bits.fixed(1):  # timing
        bits.fixed(65)
    decoder_models = [_skips_decoder_model(bits), _skips_decoder_model(bits)]
    if any(decoder_models):
        bits.fixed(1)
    bits.fixed(1)  # picture structure
    if not bits.fixed(1):
        return None
    bits.fixed(1)
    for _ in range(4):
        bits.exponential()
    return bits.exponential()


def _skips_decoder_model(bits: Bits) -> bool:
    """Skip the parameters of a hypothetical decoder; return whether there were any."""
    if not bits.fixed(1):
        return False
    number = bits.exponential() + 1
    bits.fixed(8)
    for _ in range(number):
        bits.exponential()
        bits.exponential()
        bits.fixed(1)
    bits.fixed(20)
    return True
