"""The camera that stands for a served one."""

import threading

import pytest

from cameras import CameraError
from server.drafts.frames import FramesAttributes, Inbox, frames_kinds, model_of
from tests.fakes import frame


def test_it_gives_the_frames_of_its_served_camera_and_no_others() -> None:
    inbox = Inbox()
    camera = frames_kinds(inbox)[model_of(live=True, annotates=False)]("yard", FramesAttributes(served="porch"))
    inbox.deliver("porch", frame(1), 25.0)  # nobody wants it yet
    camera.open()
    inbox.deliver("door", frame(2), 25.0)
    sender = threading.Thread(target=inbox.deliver, args=("porch", frame(3), 12.5))
    sender.start()
    assert camera.read().pts == 3
    sender.join()  # it waits until the frame is taken
    assert camera.frame_rate == 12.5
    camera.close()
    inbox.deliver("porch", frame(4), 25.0)
    with pytest.raises(CameraError):
        camera.read()


def test_each_kind_says_what_the_served_camera_does() -> None:
    kinds = frames_kinds(Inbox())
    assert {(kind.live, kind.annotates) for kind in kinds.values()} == {
        (True, True),
        (True, False),
        (False, True),
        (False, False),
    }
    assert all(kind.model_name == name for name, kind in kinds.items())
    assert not kinds[model_of(live=False, annotates=True)].live
