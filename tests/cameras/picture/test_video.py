import av
import numpy as np
import pytest

from cameras.picture.formats import UPRIGHT, Orientation
from cameras.picture.pixels import Matrix
from cameras.picture.video import pixels_from_av

BT709, BT470BG, SMPTE170M, BT2020, UNSPECIFIED = 1, 5, 6, 9, 2
LIMITED, FULL = 1, 2

GREEN = (0, 255, 0)
# What pure green is in YUV: limited BT.601, limited BT.709, full BT.601, full BT.709 (computed from the standards).
GREEN_601, GREEN_709, GREEN_601_FULL, GREEN_709_FULL = (145, 54, 34), (173, 42, 26), (150, 44, 21), (182, 29, 12)


def frame_of(
    planes: tuple[int, ...],
    *,
    format: str = "yuv420p",
    width: int = 64,
    height: int = 48,
    colorspace: int = UNSPECIFIED,
    color_range: int = 0,
) -> av.VideoFrame:
    frame = av.VideoFrame(width, height, format)
    frame.colorspace, frame.color_range = colorspace, color_range
    for plane, level in zip(frame.planes, planes, strict=True):
        plane.update(bytes([level]) * plane.buffer_size)
    return frame


def green(format: str, *, width: int = 64, height: int = 48) -> av.VideoFrame:
    image = np.full((height, width, 3), GREEN, np.uint8)
    range_ = FULL if format.startswith("yuvj") else LIMITED
    # One thread: on several swscale gets odd widths of deep formats wrong by chance.
    made = av.VideoFrame.from_ndarray(image, "bgr24")
    return made.reformat(format=format, dst_colorspace=5, dst_color_range=range_, threads=1)


@pytest.mark.parametrize(
    ("planes", "format", "colorspace", "color_range", "matrix"),
    [
        (GREEN_601, "yuv420p", UNSPECIFIED, 0, Matrix.BT601),
        (GREEN_601, "yuv420p", SMPTE170M, LIMITED, Matrix.BT601),
        (GREEN_601, "yuv420p", BT470BG, LIMITED, Matrix.BT601),
        (GREEN_709, "yuv420p", BT709, LIMITED, Matrix.BT709),
        (GREEN_601_FULL, "yuv420p", BT470BG, FULL, Matrix.BT601),
        (GREEN_601_FULL, "yuvj420p", UNSPECIFIED, 0, Matrix.BT601),
        (GREEN_601_FULL, "yuvj422p", BT470BG, FULL, Matrix.BT601),
        (GREEN_709_FULL, "yuv420p", BT709, FULL, Matrix.BT709),
        (GREEN_709_FULL, "yuvj444p", BT709, FULL, Matrix.BT709),
        (GREEN_709, "yuv422p", BT709, LIMITED, Matrix.BT709),
    ],
)
def test_pure_green_is_pure_green_in_every_matrix_and_range(
    planes: tuple[int, ...], format: str, colorspace: int, color_range: int, matrix: Matrix
) -> None:
    pixels = pixels_from_av(frame_of(planes, format=format, colorspace=colorspace, color_range=color_range))
    assert pixels.matrix is matrix and pixels.born_yuv
    assert np.abs(pixels.bgr.astype(int) - GREEN).max() <= 2


def test_full_range_becomes_limited_exactly_once() -> None:
    pixels = pixels_from_av(frame_of((0, 0, 255), format="yuvj420p"))
    assert {int(plane[0, 0]) for plane in pixels.yuv} == {16, 240}
    assert pixels.yuv.y[0, 0] == 16
    assert pixels_from_av(frame_of((255, 128, 128), color_range=FULL)).yuv.y[0, 0] == 235


def test_plain_limited_planes_are_not_copied_and_outlive_their_frame() -> None:
    frame = frame_of((100, 110, 120))
    address = np.frombuffer(frame.planes[0], np.uint8).__array_interface__["data"][0]  # type: ignore[call-overload]
    pixels = pixels_from_av(frame)
    del frame
    assert pixels.yuv.y.__array_interface__["data"][0] == address
    assert [int(plane.mean()) for plane in pixels.yuv] == [100, 110, 120]
    assert not pixels.yuv.y.flags.writeable


@pytest.mark.parametrize(
    "format",
    "yuv420p yuvj420p yuv422p yuvj422p yuv444p yuv411p yuva420p nv12 nv21 yuyv422 uyvy422 yuv420p10le p010le "
    "yuv420p12le rgb24 bgr24 bgra gbrp gbrp10le rgb565le rgb48le".split(),
)
def test_every_pixel_format_decodes_to_the_same_colour(format: str) -> None:
    assert np.abs(pixels_from_av(green(format)).bgr.astype(int) - GREEN).max() <= 2


@pytest.mark.parametrize("format", ["yuv420p", "yuvj420p", "yuv422p", "nv12", "yuv420p10le", "rgb24", "gbrp"])
@pytest.mark.parametrize("size", [(65, 49), (65, 48), (64, 49), (1, 1)])
def test_odd_sizes_are_converted_to_bgr(format: str, size: tuple[int, int]) -> None:
    width, height = size
    pixels = pixels_from_av(green(format, width=width, height=height))
    assert (pixels.width, pixels.height, pixels.born_yuv) == (width, height, False)
    assert np.abs(pixels.bgr.astype(int) - GREEN).max() <= 2


def gray(format: str, width: int, height: int) -> av.VideoFrame:
    """Return a frame of one level, 200 of 255; not by swscale (see above)."""
    pixel = {
        "gray": bytes([200]),
        "gray10le": (802).to_bytes(2, "little"),
        "gray16le": (200 * 257).to_bytes(2, "little"),
        "ya8": bytes([200, 255]),
    }[format]
    frame = av.VideoFrame(width, height, format)
    (plane,) = frame.planes
    plane.update(pixel * (plane.height * plane.line_size // len(pixel)))
    return frame


@pytest.mark.parametrize("format", ["gray", "gray10le", "gray16le", "ya8"])
@pytest.mark.parametrize("width", [64, 65])
def test_gray_formats_are_decoded_to_gray(format: str, width: int) -> None:
    assert np.abs(pixels_from_av(gray(format, width, 48)).bgr.astype(int) - 200).max() <= 2


def test_gray_of_limited_range_is_not_stretched_twice() -> None:
    assert int(pixels_from_av(frame_of((16,), format="gray", color_range=LIMITED)).bgr.max()) <= 1
    assert int(pixels_from_av(frame_of((235,), format="gray", color_range=LIMITED)).bgr.min()) >= 254
    assert int(pixels_from_av(frame_of((235,), format="gray", color_range=LIMITED, width=63)).bgr.min()) >= 254


def test_a_bt2020_matrix_becomes_bt709() -> None:
    image = np.full((48, 64, 3), GREEN, np.uint8)
    frame = av.VideoFrame.from_ndarray(image, "bgr24").reformat(
        format="yuv420p10le", dst_colorspace=BT2020, dst_color_range=LIMITED
    )
    frame.colorspace = BT2020
    pixels = pixels_from_av(frame)
    assert pixels.matrix is Matrix.BT709
    assert np.abs(pixels.bgr.astype(int) - GREEN).max() <= 3


def test_a_gradient_survives_the_padding_of_the_decoder() -> None:
    image = np.zeros((50, 70, 3), np.uint8)
    image[:, :, 1] = np.arange(70) * 3
    pixels = pixels_from_av(av.VideoFrame.from_ndarray(image, "bgr24").reformat(format="yuv444p", threads=1))
    assert np.abs(pixels.bgr[:, 5:-5].astype(int) - image[:, 5:-5]).max() <= 6


@pytest.mark.parametrize(
    ("matrix", "orientation"),
    [
        ((1, 0, 0, 1), UPRIGHT),
        ((-1, 0, 0, -1), Orientation(False, True, True)),
        ((0, 1, -1, 0), Orientation(True, True, False)),
        ((0, -1, 1, 0), Orientation(True, False, True)),
        ((-1, 0, 0, 1), Orientation(False, True, False)),
        ((0, 1, 1, 0), Orientation(True, False, False)),
    ],
)
def test_a_display_matrix_gives_the_orientation(matrix: tuple[int, ...], orientation: Orientation) -> None:
    a, b, c, d = (value * 65536 for value in matrix)
    raw = np.array([a, b, 0, c, d, 0, 0, 0, 1 << 30], "=i4").tobytes()
    assert Orientation.from_display_matrix(raw) == orientation


def test_a_truncated_display_matrix_is_ignored() -> None:
    assert Orientation.from_display_matrix(b"\0" * 12) == UPRIGHT


def test_the_eight_orientations_put_the_first_stored_pixel_where_exif_says() -> None:
    stored = np.arange(6, dtype=np.uint8).reshape(2, 3)
    upright = {
        1: [[0, 1, 2], [3, 4, 5]],
        2: [[2, 1, 0], [5, 4, 3]],
        3: [[5, 4, 3], [2, 1, 0]],
        4: [[3, 4, 5], [0, 1, 2]],
        5: [[0, 3], [1, 4], [2, 5]],
        6: [[3, 0], [4, 1], [5, 2]],
        7: [[5, 2], [4, 1], [3, 0]],
        8: [[2, 5], [1, 4], [0, 3]],
    }
    for value, rows in upright.items():
        assert Orientation.from_exif(value).applied(stored).tolist() == rows
    assert Orientation.from_exif(99) == UPRIGHT
