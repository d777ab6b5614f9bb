"""What every protocol answers with: cameras, services, live streams, and the threads that do the work."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Hashable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from cameras import Prediction
from pipeline import Config, Feed, Graph
from streams import EncoderPool, WhepSessions
from vision import ModelError, Session, UnsupportedKind, VisionService

from .errors import ModelUnavailable, NotFound, Unsupported
from .image_urls import ImageUrls
from .paths import without_folders
from .pool import Closable, Pool
from .tokens import Tokens
from .workers import Workers

logger = logging.getLogger(__name__)

C = TypeVar("C", bound=Closable)


@dataclass(frozen=True)
class Backend:
    """What requests are answered with, whichever protocol they come in by.

    Attributes:
        graph: The cameras, services and configuration of this moment.
        encoders: The encoders that all live streams share.
        whep: Viewers over WebRTC.
        models: Threads that decode pictures and run models.
        waits: Threads that wait for a camera's next frame.
        pool: Models and sessions that requests share.
        tokens: Who may ask.
        image_urls: Gets pictures that clients name by URL, where they may.
    """

    graph: Graph
    encoders: EncoderPool
    whep: WhepSessions
    models: Workers
    waits: Workers
    pool: Pool
    tokens: Tokens
    image_urls: ImageUrls

    @property
    def config(self) -> Config:
        """What the YAML says; ask again for each request, as it may be reloaded."""
        return self.graph.config

    @property
    def feeds(self) -> Mapping[str, Feed]:
        """The frames of every camera, by name."""
        return self.graph.feeds

    @property
    def services(self) -> Mapping[str, VisionService[Any]]:
        """Every vision service, by name."""
        return self.graph.services

    @property
    def images(self) -> ImageUrls | None:
        """What gets pictures that clients name by URL; ``None`` where they may not."""
        return self.image_urls if self.config.server.allow_image_urls else None

    @property
    def kinds(self) -> Mapping[str, type[Prediction]]:
        """The kinds of predictions that clients may ask for, by their plural."""
        return self.config.tables.predictions

    def error_of(self, camera: Feed) -> str | None:
        """Return what is wrong with a camera now, without the names of folders."""
        return None if camera.error is None else without_folders(camera.error, self.config.folders)

    def camera(self, name: str) -> Feed:
        """Return a camera by name, private ones too.

        Raises:
            NotFound: when there is none.
        """
        camera = self.feeds.get(name)
        if camera is None:
            raise NotFound(f"there is no camera {name[:100]!r}")
        return camera

    def public_camera(self, name: str) -> Feed:
        """Return a camera whose picture may leave: a private one is not there.

        Raises:
            NotFound: when there is none.
        """
        camera = self.camera(name)
        if camera.config.private:
            raise NotFound(f"there is no camera {name[:100]!r}")
        return camera

    def service(self, name: str) -> VisionService[Any]:
        """Return a vision service by name.

        Raises:
            NotFound: when there is none.
        """
        service = self.services.get(name)
        if service is None:
            raise NotFound(f"there is no vision service {name[:100]!r}")
        return service

    def public_cameras(self) -> list[Feed]:
        """Return the cameras whose picture may leave."""
        return [camera for camera in self.feeds.values() if not camera.config.private]

    @asynccontextmanager
    async def session(self, service: VisionService[Any], asker: str) -> AsyncIterator[Session]:
        """Give a session of a vision service while the block runs; it may be asked by several requests at once.

        What a stateful service knows of an asker's frames lasts from one request to the next that comes soon.

        Args:
            service: Who is asked.
            asker: Whose frames they are, of which only a stateful service wants to know: a camera, or a client.

        Raises:
            ModelUnavailable: when its model cannot be loaded.
            Unavailable: when too many requests wait.
        """
        # Not by its name: a service of that name may take its place.
        key = ("service", service, asker if service.stateful else "")
        async with self.opened(key, service.open_session, f"vision service {service.name}") as session:
            yield session

    @asynccontextmanager
    async def opened(self, key: Hashable, opened: Callable[[], C], what: str) -> AsyncIterator[C]:
        """Give what the pool keeps for a key while the block runs, opened where need be.

        Args:
            key: What it is called in the pool.
            opened: Opens it, or raises ModelError.
            what: What to call it in an error.

        Raises:
            ModelUnavailable: when it cannot be opened.
            Unavailable: when too many requests wait.
        """
        async with AsyncExitStack() as stack:
            with model_errors(what):
                held = await stack.enter_async_context(self.pool.use(key, opened))
            yield held

    def close(self) -> None:
        """End the threads of requests, and close the models that they hold open."""
        self.pool.close()
        self.models.close()
        self.waits.close()


@contextmanager
def model_errors(what: str) -> Iterator[None]:
    """Turn what goes wrong with a model in the block into what clients are told.

    Args:
        what: What has the model, such as ``vision service coco``.

    Raises:
        ModelUnavailable: for a model that cannot be loaded or run; only the log gets its own words.
        Unsupported: for a kind of result that the service does not give.
    """
    try:
        yield
    except UnsupportedKind as error:
        raise Unsupported(str(error)) from error
    except ModelError as error:
        logger.error("%s: %s", what, error)
        raise ModelUnavailable(f"{what} cannot use its model; the server's log says why") from error


def open_backend(graph: Graph, encoders: EncoderPool, whep: WhepSessions) -> Backend:
    """Return the backend over a graph, with its threads.

    Models share the cores with the streams, so few of their requests run at once; those that wait for a frame cost
    nothing while they do, and none waits to begin: its ten seconds are running.
    """
    models = Workers("api-model", threads=2, waiting=64)
    waits = Workers("api-wait", threads=64, waiting=0)
    tokens = Tokens(lambda: [token.get_secret_value() for token in graph.config.server.tokens])
    return Backend(graph, encoders, whep, models, waits, Pool(models), tokens, ImageUrls())
