"""What every way in asks: the running graph, the streams that leave it, and the threads that answer requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cameras import PREDICTIONS, Prediction
from pipeline import Config, Graph, RunningCamera
from streams import Streams
from vision import VisionService

from .image_urls import ImageUrls
from .paths import folders_of, without_folders
from .problems import Problem
from .tokens import Tokens
from .workers import Loans, Workers


@dataclass(frozen=True)
class Backend:
    """What requests are answered with, whichever protocol they come in by.

    Attributes:
        graph: Cameras and vision services, running.
        streams: Viewers and encoders.
        config: What the YAML says.
        models: Threads that decode pictures and run models.
        waits: Threads that wait for a camera's next frame.
        loans: Models held open for requests.
        tokens: Who may ask.
        images: Gets pictures that clients name by URL; ``None`` where they may not.
        folders: Folders whose names stay out of what clients are told.
    """

    graph: Graph
    streams: Streams
    config: Config
    models: Workers
    waits: Workers
    loans: Loans
    tokens: Tokens
    images: ImageUrls | None = None
    folders: tuple[str, ...] = ()

    @property
    def kinds(self) -> Mapping[str, type[Prediction]]:
        """The kinds of predictions that clients may ask for, by their plural."""
        return PREDICTIONS

    def error_of(self, camera: RunningCamera) -> str | None:
        """Return what is wrong with a camera now, for whoever asks."""
        return None if camera.error is None else without_folders(camera.error, self.folders)

    def camera(self, name: str) -> RunningCamera:
        """Return a camera by name, private ones too.

        Raises:
            Problem: 404 when there is none.
        """
        camera = self.graph.cameras.get(name)
        if camera is None:
            raise Problem(404, f"there is no camera {name[:100]!r}")
        return camera

    def public_camera(self, name: str) -> RunningCamera:
        """Return a camera whose picture may leave: a private one is not there.

        Raises:
            Problem: 404 when there is none.
        """
        camera = self.camera(name)
        if camera.config.private:
            raise Problem(404, f"there is no camera {name[:100]!r}")
        return camera

    def service(self, name: str) -> VisionService[Any]:
        """Return a vision service by name.

        Raises:
            Problem: 404 when there is none.
        """
        service = self.graph.services.get(name)
        if service is None:
            raise Problem(404, f"there is no vision service {name[:100]!r}")
        return service

    def close(self) -> None:
        """Let the threads and models of requests go."""
        self.loans.close()
        self.models.close()
        self.waits.close()


def open_backend(graph: Graph, streams: Streams, config: Config) -> Backend:
    """Return the backend over a running graph, with its threads.

    Models share the cores with the streams, so few of their requests run at once; those that wait for a frame cost
    nothing while they do, and none waits to begin: its ten seconds are running.
    """
    models = Workers("api-model", threads=2, waiting=64)
    waits = Workers("api-wait", threads=64, waiting=0)
    images = ImageUrls() if config.server.allow_image_urls else None
    tokens = Tokens(token.get_secret_value() for token in config.server.tokens)
    return Backend(graph, streams, config, models, waits, Loans(models), tokens, images, folders_of(config))
