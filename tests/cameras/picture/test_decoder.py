from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ExifTags
from PIL import Image as PillowImage

from cameras.picture import ImageError, PictureLimits
from cameras.picture import decoder as module
from cameras.picture.decoder import Decoder, DecoderEnded, Decoders
from cameras.picture.formats import map_slots, slots_file
from tests.security.hostile_pictures import jpeg_with_two_sizes, png_of_text, tiff_with_two_sizes

from ..pictures import corners, encoded, pillow_bytes

PNG = encoded(".png", corners())
LIMITS = PictureLimits(1_000_000)
WAITS_S = 20.0


@pytest.fixture
def decoders() -> Iterator[Decoders]:
    used = Decoders(at_once=2)
    yield used
    used.close()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for verdicts on pictures however busy this machine is."""
    monkeypatch.setattr("cameras.processes.deadline.PATIENCE", 1000.0)


def process_of(decoders: Decoders) -> int:
    (decoder,) = decoders._free
    return decoder._child.process.pid


def is_mapped(image: NDArray[Any]) -> bool:
    """Return whether an array is in memory that the decoder's process has mapped too."""
    return isinstance(image.base, np.ndarray) and not image.base.flags.owndata


def test_one_process_decodes_picture_after_picture(decoders: Decoders) -> None:
    image = decoders.decode(PNG, LIMITS, exif=True)
    assert image is not None and np.array_equal(image, corners()) and image.flags.writeable
    first = process_of(decoders)
    with pytest.raises(ImageError, match="damaged"):
        decoders.decode(PNG[:-20], LIMITS, exif=True)
    assert decoders.decode(PNG, LIMITS, exif=True, depth=True) is None
    assert decoders.decode(PNG, LIMITS, exif=True) is not None
    assert process_of(decoders) == first


def test_the_size_that_the_decoder_sees_counts(decoders: Decoders) -> None:
    with pytest.raises(ImageError, match="^too large: more pixels than allowed$") as refused:
        decoders.decode(tiff_with_two_sizes(), LIMITS, exif=True)
    assert refused.value.too_large
    with pytest.raises(ImageError, match="^the .* picture is damaged: it states 8 x 8 pixels and has 200 x 200$"):
        decoders.decode(tiff_with_two_sizes(200), LIMITS, exif=True)


def test_a_false_header_behind_a_marker_without_length_is_skipped_as_by_the_decoder(decoders: Decoders) -> None:
    with pytest.raises(ImageError, match=r"^too large: 20000 x 20000 pixels, at most 1000000 are allowed$") as refused:
        decoders.decode(jpeg_with_two_sizes(), LIMITS, exif=True)
    assert refused.value.too_large
    decoded = decoders.decode(jpeg_with_two_sizes(200), LIMITS, exif=True)
    assert decoded is not None and decoded.shape == (200, 200, 3)


@pytest.mark.usefixtures("patient")
def test_a_picture_that_takes_too_long_costs_its_process_only(decoders: Decoders) -> None:
    assert decoders.decode(PNG, LIMITS, exif=True) is not None
    first = process_of(decoders)
    with pytest.raises(ImageError, match=r"^the picture takes more than 0\.1 s to decode$") as refused:
        decoders.decode(png_of_text(), PictureLimits(LIMITS.pixels, 0.1), exif=True)
    assert not refused.value.too_large and not refused.value.unavailable
    assert decoders._free == []
    assert decoders.decode(PNG, LIMITS, exif=True) is not None
    assert process_of(decoders) != first


def test_a_picture_does_not_get_the_blame_for_a_busy_machine(decoders: Decoders) -> None:
    assert decoders.decode(PNG, LIMITS, exif=True) is not None
    stopped = process_of(decoders)
    os.kill(stopped, signal.SIGSTOP)  # as if it never got the processor
    with pytest.raises(ImageError, match="^this machine is too busy to decode the picture; try again") as refused:
        decoders.decode(PNG, PictureLimits(LIMITS.pixels, 0.05), exif=True)
    assert refused.value.unavailable and decoders._free == []
    assert decoders.decode(PNG, LIMITS, exif=True) is not None


def test_memory_is_limited(decoders: Decoders) -> None:
    # The process may take 256 MB and 16 bytes for each pixel of the limit; this file alone has 300 MB.
    with pytest.raises(ImageError, match="^too large: it needs too much memory to decode$") as refused:
        decoders.decode(PNG + bytes(300_000_000), LIMITS, exif=True)
    assert refused.value.too_large
    assert decoders.decode(PNG, LIMITS, exif=True) is not None


def test_memory_is_that_of_the_picture_not_of_the_largest_allowed(decoders: Decoders) -> None:
    # To count its scans takes eight bytes for each 0xFF, 480 MB, which a picture of 85 megapixels might take.
    jpeg = encoded(".jpg", corners())
    padded = jpeg[:2] + b"\xff" * 60_000_000 + jpeg[2:]
    limits = PictureLimits(85_000_000)
    with pytest.raises(ImageError, match="^too large: it needs too much memory to decode$"):
        decoders.decode(padded, limits, exif=True)
    large = np.zeros((5000, 5000, 3), np.uint8)
    assert decoders.decode(encoded(".bmp", large), limits, exif=True) is not None


def test_large_pictures_share_the_memory_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SLOTS", 0)
    decoders = Decoders(large_pixels=10_000)
    limits, impatient = PictureLimits(40_000), PictureLimits(40_000, 0.01)
    pictures = {side: encoded(".png", np.zeros((side, side, 3), np.uint8)) for side in (90, 120, 200)}
    try:
        held = [decoders.decode(pictures[side], limits, exif=True) for side in (120, 120, 90)]
        assert decoders._in_use._count == 2 * 120 * 120
        sentence = "^too many large pictures are in progress; try again shortly$"
        for side in (120, 200):
            with pytest.raises(ImageError, match=sentence) as refused:
                decoders.decode(pictures[side], impatient, exif=True)
            assert refused.value.unavailable
        assert decoders.decode(pictures[90], impatient, exif=True) is not None
        assert held[0] is not None
        view = held[0][:1]
        held.clear()
        with pytest.raises(ImageError, match=sentence):
            decoders.decode(pictures[200], impatient, exif=True)
        del view
        assert decoders.decode(pictures[200], impatient, exif=True, depth=True) is None
        with pytest.raises(ImageError, match="damaged"):
            decoders.decode(pictures[200][:-20] + bytes(20), impatient, exif=True)
        assert decoders.decode(pictures[200], impatient, exif=True) is not None
        assert decoders._in_use._count == 0
    finally:
        decoders.close()


def test_a_process_that_was_killed_between_pictures_costs_none(decoders: Decoders) -> None:
    assert decoders.decode(PNG, LIMITS, exif=True) is not None
    first = process_of(decoders)
    os.kill(first, signal.SIGKILL)
    os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
    assert decoders.decode(PNG, LIMITS, exif=True) is not None
    assert process_of(decoders) != first


def test_memory_of_a_large_picture_is_given_back(decoders: Decoders) -> None:
    large = np.zeros((3000, 3000, 3), np.uint8)
    assert decoders.decode(encoded(".bmp", large), PictureLimits(9_000_000), exif=True) is not None
    assert os.fstat(decoders._free[0]._memory).st_size == 0


def test_memory_of_pixels_is_used_again_once_nobody_has_them(decoders: Decoders) -> None:
    white = 255 - corners()
    first, second, third = (decoders.decode(encoded(".png", each), LIMITS, exif=True) for each in (white, white, white))
    assert first is not None and second is not None and third is not None
    assert [is_mapped(each) for each in (first, second, third)] == [True, True, False]
    part, freed = first[:1], second.ctypes.data
    del first, second
    fourth = decoders.decode(PNG, LIMITS, exif=True)
    assert fourth is not None and fourth.ctypes.data == freed
    fifth = decoders.decode(PNG, LIMITS, exif=True)
    assert fifth is not None and not is_mapped(fifth)
    assert np.array_equal(part, white[:1]) and np.array_equal(third, white)
    assert np.array_equal(fourth, corners()) and np.array_equal(fifth, corners())


def test_pixels_outlive_their_process(decoders: Decoders) -> None:
    image = decoders.decode(PNG, LIMITS, exif=True)
    decoders.close()
    assert image is not None and np.array_equal(image, corners())
    image[:] = 0
    assert not image.any()


def test_turned_and_gray_pictures_are_mapped_too(decoders: Decoders) -> None:
    gray = np.arange(0, 60_000, 1000, dtype=np.uint16).reshape(6, 10)
    decoded = decoders.decode(encoded(".png", gray), LIMITS, exif=True, depth=True)
    assert decoded is not None and decoded.dtype == np.uint16 and np.array_equal(decoded, gray)
    exif = PillowImage.Exif()
    exif[ExifTags.Base.Orientation] = 6  # the first row is the right side
    picture = pillow_bytes(PillowImage.fromarray(corners()[:, :, ::-1]), "PNG", exif=exif)
    turned = decoders.decode(picture, LIMITS, exif=True)
    assert turned is not None and np.array_equal(turned, np.rot90(corners(), -1)) and turned.flags.c_contiguous
    assert is_mapped(decoded) and is_mapped(turned)


def test_a_system_without_sealed_files_copies(monkeypatch: pytest.MonkeyPatch, decoders: Decoders) -> None:
    monkeypatch.delattr("fcntl.F_ADD_SEALS")
    images = [decoders.decode(PNG, LIMITS, exif=True) for _ in range(2)]
    assert decoders._free[0]._slots == []
    assert all(image is not None and np.array_equal(image, corners()) for image in images)


def test_no_process_can_take_the_memory_of_pixels_away() -> None:
    file = slots_file(2, 4096)
    assert file is not None
    try:
        slots = map_slots(file, 4096)
        assert [len(slot) for slot in slots] == [4096, 4096]
        for size in (0, 4096, 20_000):
            with pytest.raises(PermissionError):
                os.ftruncate(file, size)
    finally:
        os.close(file)
    slots[1][:] = 7
    assert not slots[0].any()


def test_a_crash_is_the_fault_of_the_picture(decoders: Decoders) -> None:
    assert decoders.decode(PNG, LIMITS, exif=True) is not None
    os.kill(process_of(decoders), signal.SIGSEGV)
    with pytest.raises(ImageError, match="^the picture is damaged: it crashes its decoder$"):
        decoders.decode(PNG, LIMITS, exif=True)
    assert decoders.decode(PNG, LIMITS, exif=True) is not None


def test_an_unused_process_ends_and_another_takes_its_place(
    decoders: Decoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    patched = module._MAIN.replace("main(sys", "import formats.process; formats.process.IDLE_S = 0.01; main(sys")
    monkeypatch.setattr(module, "_MAIN", patched)
    unused = Decoder(LIMITS.pixels)
    decoders._free.append(unused)
    unused.is_new = False
    assert unused._child.process.wait(WAITS_S) == 0
    monkeypatch.undo()
    assert decoders.decode(PNG, LIMITS, exif=True) is not None


def test_a_process_that_ends_at_once_is_an_error_of_this_machine(
    decoders: Decoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = os.listdir("/proc/self/fd")
    for main, reason in (("raise SystemExit", "it ends at once"), (None, "No such file or directory")):
        with monkeypatch.context() as changed:
            if main is None:
                changed.setattr(sys, "executable", "/no/such/python")
            else:
                changed.setattr(module, "_MAIN", main)
            with pytest.raises(ImageError) as refused:
                decoders.decode(PNG, LIMITS, exif=True)
        assert str(refused.value) == f"the process that decodes pictures cannot be started: {reason}"
        assert refused.value.unavailable
    assert os.listdir("/proc/self/fd") == before


@pytest.mark.usefixtures("patient")
def test_pictures_wait_for_a_decoder(decoders: Decoders) -> None:
    errors: list[ImageError] = []

    def slow() -> None:
        with pytest.raises(ImageError) as refused:
            decoders.decode(png_of_text(), PictureLimits(LIMITS.pixels, 1.0), exif=True)
        errors.append(refused.value)

    threads = [threading.Thread(target=slow) for _ in range(2)]
    for thread in threads:
        thread.start()
    while decoders._turns._value:  # until both have their turn
        pass
    with pytest.raises(ImageError, match="^too many pictures are being decoded; try again shortly$") as refused:
        decoders.decode(PNG, PictureLimits(LIMITS.pixels, 0.01), exif=True)
    assert refused.value.unavailable
    assert decoders.decode(PNG, PictureLimits(LIMITS.pixels, WAITS_S), exif=True) is not None
    for thread in threads:
        thread.join()
    assert [str(error) for error in errors] == ["the picture takes more than 1 s to decode"] * 2


def test_a_shape_beyond_the_limit_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = Decoder(LIMITS.pixels)
    try:
        with pytest.raises(DecoderEnded):
            decoder._pixels([1001, 1000, 3], "uint8", None)
        with pytest.raises(DecoderEnded):
            decoder._pixels([10, 10, 3], "object", None)
        monkeypatch.setattr(module, "KEPT_BYTES", 100)
        with pytest.raises(DecoderEnded):
            decoder._pixels([10, 10, 3], "uint8", 0)
    finally:
        decoder.close()
