import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from cameras.picture import ImageError, PictureLimits, decode_depth, decode_image

from ..pictures import CORNERS, corners, encoded, pillow_bytes

EXTENSIONS = [".jpg", ".png", ".webp", ".gif", ".tiff", ".bmp"]


def assert_shows(image: Any, colours: tuple[tuple[int, int, int], ...] = CORNERS) -> None:
    """The four corners have the colours given (BGR; above left, above right, below left, below right)."""
    seen = [image[5, 5], image[5, -5], image[-5, 5], image[-5, -5]]
    assert np.abs(np.array(seen, int) - np.array(colours)).max() <= 6, seen


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_every_format_is_decoded(extension: str) -> None:
    image = decode_image(encoded(extension, corners()))
    assert image.shape == (40, 60, 3) and image.dtype == np.uint8 and image.flags.writeable
    assert_shows(image)


# Where the corners of the stored picture are seen once its orientation is applied: by EXIF value.
TURNED = {
    1: (0, 1, 2, 3),
    2: (1, 0, 3, 2),
    3: (3, 2, 1, 0),
    4: (2, 3, 0, 1),
    5: (0, 2, 1, 3),
    6: (2, 0, 3, 1),
    7: (3, 1, 2, 0),
    8: (1, 3, 0, 2),
}


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("value", range(1, 9))
def test_exif_orientation_is_applied(format: str, value: int) -> None:
    exif = PillowImage.Exif()
    exif[274] = value
    options: dict[str, Any] = {"lossless": True} if format == "WEBP" else {"quality": 95} if format == "JPEG" else {}
    data = pillow_bytes(PillowImage.fromarray(corners()[:, :, ::-1]), format, exif=exif, **options)
    image = decode_image(data)
    assert image.shape == ((60, 40, 3) if value > 4 else (40, 60, 3))
    assert_shows(image, tuple(CORNERS[index] for index in TURNED[value]))
    stored = decode_image(data, exif=False)
    assert stored.shape == (40, 60, 3)
    assert_shows(stored)


@pytest.mark.parametrize("adobe", [True, False])
def test_cmyk_is_not_inverted(adobe: bool) -> None:
    data = pillow_bytes(PillowImage.fromarray(corners()[:, :, ::-1]).convert("CMYK"), "JPEG", quality=95)
    if not adobe:
        at = data.index(b"Adobe") - 4
        (length,) = struct.unpack_from(">H", data, at + 2)
        data = data[:at] + data[at + 2 + length :]
    assert_shows(decode_image(data))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "1", "I;16"])
def test_alpha_palettes_gray_and_depths_become_bgr(mode: str) -> None:
    picture = PillowImage.fromarray(corners()[:, :, ::-1])
    grays = tuple((gray, gray, gray) for gray in (76, 150, 29, 255))
    match mode:
        case "RGBA":
            picture.putalpha(0)
            wanted = CORNERS  # the colours as stored, though nothing of them could be seen
        case "LA":
            picture, wanted = picture.convert("LA"), grays
        case "P":
            picture, wanted = picture.quantize(8), CORNERS
        case "L":
            picture, wanted = picture.convert("L"), grays
        case "1":
            picture, wanted = (
                picture.convert("1", dither=PillowImage.Dither.NONE),
                ((0,) * 3, (255,) * 3, (0,) * 3, (255,) * 3),
            )
        case _:
            gray = np.asarray(picture.convert("L")).astype(np.uint16) * 257
            picture, wanted = PillowImage.fromarray(gray), grays
    assert_shows(decode_image(pillow_bytes(picture, "PNG")), wanted)


@pytest.mark.parametrize("format", ["GIF", "WEBP"])
def test_the_first_picture_of_an_animation_is_decoded(format: str) -> None:
    first = PillowImage.fromarray(corners()[:, :, ::-1])
    data = pillow_bytes(first, format, save_all=True, append_images=[PillowImage.new("RGB", (60, 40))])
    assert_shows(decode_image(data))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the picture is empty"),
        (b"hello", "not a picture: must be JPEG, PNG, WebP, GIF, TIFF or BMP"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture: must be JPEG, PNG, WebP, GIF, TIFF or BMP"),
        (b"P6 1 1 255 abc", "not a picture: must be JPEG, PNG, WebP, GIF, TIFF or BMP"),
    ],
)
def test_undecodable_bytes_are_reported(data: bytes, message: str) -> None:
    with pytest.raises(ImageError) as raised:
        decode_image(data)
    assert str(raised.value) == message and raised.value.unsupported_format and not raised.value.too_large


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_truncated_picture_is_refused(extension: str) -> None:
    data = encoded(extension, corners())
    for length in range(12, len(data) - 8, max(len(data) // 40, 1)):
        with pytest.raises(ImageError, match="damaged"):
            decode_image(data[:length])


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_corrupt_bytes_raise_only_image_errors(extension: str) -> None:
    whole = encoded(extension, corners())
    noise = np.random.default_rng(3)
    for _ in range(60):
        data = bytearray(whole)
        for at in noise.integers(0, len(data), 4):
            data[at] = noise.integers(0, 256)
        try:
            assert decode_image(bytes(data), limits=PictureLimits(100_000)).ndim == 3
        except ImageError:
            pass


def test_a_huge_picture_is_refused_before_decoding() -> None:
    head = struct.pack(">II5B", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I4s", len(head), b"IHDR") + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))
    with pytest.raises(ImageError) as raised:
        decode_image(b"\x89PNG\r\n\x1a\n" + chunk + bytes(100))
    assert str(raised.value) == "too large: 60000 x 60000 pixels, at most 85000000 are allowed"
    assert raised.value.too_large and not raised.value.unsupported_format


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_the_pixel_limit_applies_to_every_format(extension: str) -> None:
    data = encoded(extension, corners())
    assert decode_image(data, limits=PictureLimits(2400)).shape == (40, 60, 3)
    with pytest.raises(ImageError, match="^too large: 60 x 40 pixels, at most 2399 are allowed$"):
        decode_image(data, limits=PictureLimits(2399))


def test_only_a_16_bit_gray_png_is_depth() -> None:
    depth = np.arange(2400, dtype=np.uint16).reshape(40, 60) * 27
    read = decode_depth(encoded(".png", depth))
    assert read is not None and read.dtype == np.uint16 and np.array_equal(read, depth)
    assert decode_depth(encoded(".tiff", depth)) is None
    assert decode_depth(encoded(".png", corners())) is None
    assert decode_depth(encoded(".png", corners()[:, :, 0])) is None
    assert decode_depth(encoded(".png", corners().astype(np.uint16))) is None


def test_data_behind_a_picture_is_no_scan() -> None:
    behind = np.random.default_rng(1).integers(0, 256, 19_000_000, np.uint8).tobytes()
    assert behind.count(b"\xff\xda") > 250
    picture = encoded(".jpg", corners())
    assert np.array_equal(decode_image(picture + behind + b"\xff\xd9"), decode_image(picture))


@pytest.mark.parametrize("between", [b"\0\0\0\0", b"\0" * 3000, b"\xff\0", b"\xff\xff\xff", b"\xff\xd0", b"any"])
def test_bytes_between_the_segments_of_a_jpeg_are_skipped(between: bytes) -> None:
    data = encoded(".jpg", corners())
    (length,) = struct.unpack_from(">H", data, 4)
    padded = data[: 4 + length] + between + data[4 + length :]
    assert_shows(decode_image(padded))
    with PillowImage.open(io.BytesIO(padded)) as picture:
        assert picture.size == (60, 40)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe0\0\x04ab" + b"\0" * 99,
        b"\xff\xd8\xff\xd9\xff\xd9",
        b"\xff\xd8" + b"\xff\xd0" * 99_999,
        b"\xff\xd8\xff" + b"\xff\0" * 999_999,
        b"\xff\xd8" + b"\xff" * 999_999,
    ],
    ids=["cut", "zeros", "ended", "markers", "stuffed", "filled"],
)
def test_a_jpeg_without_a_picture_is_incomplete(data: bytes) -> None:
    with pytest.raises(ImageError, match="the JPEG picture is damaged or incomplete"):
        decode_image(data)
