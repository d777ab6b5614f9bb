from typing import NamedTuple

from cameras.damage import HELD_MAX, Damage


class Picture(NamedTuple):
    key_frame: bool = False
    is_corrupt: bool = False


KEY, GOOD, BAD = Picture(key_frame=True), Picture(), Picture(is_corrupt=True)


def test_pictures_after_damage_wait_for_a_key_frame() -> None:
    damage = Damage(drop=True)
    assert [damage.shows(picture) for picture in (KEY, GOOD, BAD, GOOD, GOOD, KEY, GOOD)] == [
        *(True, True, False, False, False),
        *(True, True),
    ]
    assert damage.pictures == 3


def test_a_damaged_key_frame_is_none() -> None:
    damage = Damage(drop=True)
    bad_key = Picture(key_frame=True, is_corrupt=True)
    assert [damage.shows(picture) for picture in (KEY, bad_key, GOOD, KEY)] == [True, False, False, True]


def test_after_an_undecodable_picture_the_next_ones_wait_too() -> None:
    damage = Damage(drop=True)
    assert damage.shows(KEY)
    damage.undecodable()
    assert [damage.shows(picture) for picture in (GOOD, KEY)] == [False, True]
    assert damage.pictures == 2


def test_after_a_lost_picture_the_next_ones_wait_too() -> None:
    damage = Damage(drop=True)
    assert damage.shows(KEY)
    damage.lost()
    assert [damage.shows(picture) for picture in (GOOD, GOOD, KEY)] == [False, False, True]
    assert damage.pictures == 2


def test_without_dropping_they_are_shown_and_counted() -> None:
    damage = Damage(drop=False)
    assert all(damage.shows(picture) for picture in (KEY, BAD, GOOD, KEY))
    assert damage.pictures == 2


def test_a_video_without_key_frames_is_shown_again() -> None:
    damage = Damage(drop=True)
    damage.shows(BAD)
    shown = [damage.shows(GOOD) for _ in range(HELD_MAX + 5)]
    assert not any(shown[: HELD_MAX - 1]) and all(shown[HELD_MAX:])
