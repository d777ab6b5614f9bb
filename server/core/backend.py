"""The backend of all protocols: cameras, services, live streams, and the threads that do the work."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Hashable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from cameras import Prediction, safe_text
from pipeline import Config, Feed, Graph, LimitsConfig, release_memory
from streams import Admissions, EncoderPool, Readers, Sessions, Traffic, WhepSessions
from vision import ModelError, RuntimeDeclaration, Session, UnsupportedKind, VisionService

from ..program import LoopWatchdog
from .access import Tokens, current_caller
from .image_urls import ImageUrls
from .pool import Closable, Pool
from .requests import Bodies, Forbidden, ModelUnavailable, NotFound, Refusals, Unsupported
from .visibility import Visibility
from .workers import Workers

logger = logging.getLogger(__name__)

C = TypeVar("C", bound=Closable)
T = TypeVar("T")


@dataclass(frozen=True)
class Backend:
    """The cameras, services and threads that answer the requests of all protocols.

    Attributes:
        graph: The present cameras, services and configuration.
        encoders: The encoders that all live streams share.
        whep: The sessions of viewers over WebRTC.
        readers: All others who watch live.
        models: Threads that decode pictures and run models.
        parsers: Threads that parse large messages; a model that hangs holds none of them.
        waits: Threads that wait for a camera's next frame, a share of them for each camera.
        pool: Models and sessions that requests share.
        tokens: Checks the tokens of requests.
        image_urls: Downloads pictures by URL.
        bodies: The bodies of requests in flight.
        watchdog: Measures how long the event loop stands still.
        refusals: Counts what limits refuse.
        answered: Counts the responses over HTTP by their status.
    """

    graph: Graph
    encoders: EncoderPool
    whep: WhepSessions
    readers: Readers
    models: Workers
    parsers: Workers
    waits: Workers
    pool: Pool
    tokens: Tokens
    image_urls: ImageUrls
    bodies: Bodies
    watchdog: LoopWatchdog
    refusals: Refusals
    answered: Counter[int] = field(default_factory=Counter)
    _kept: list[Visibility] = field(default_factory=list, repr=False)

    @property
    def config(self) -> Config:
        """The present configuration. Read it for each request: another may replace it."""
        return self.graph.config

    @property
    def limits(self) -> LimitsConfig:
        """The present limits. Read them for each request, too."""
        return self.config.server.limits

    @property
    def feeds(self) -> Mapping[str, Feed]:
        """The frames of every camera that the present caller may use, by name."""
        caller, feeds = current_caller(), self.graph.feeds
        return feeds if caller.cameras is None else {name: feeds[name] for name in feeds if caller.may_use(name)}

    @property
    def services(self) -> Mapping[str, VisionService[Any]]:
        """Every vision service that the present caller may see, by name."""
        caller, services = current_caller(), self.graph.services
        if caller.cameras is None:
            return services
        return {name: services[name] for name in services if self._visibility.service(caller, name)}

    @property
    def declared_models(self) -> Mapping[str, RuntimeDeclaration]:
        """Every model that the present caller may see, by name."""
        caller, models = current_caller(), self.config.models
        if caller.cameras is None:
            return models
        return {name: models[name] for name in models if self._visibility.model(caller, name)}

    @property
    def _visibility(self) -> Visibility:
        """What callers may see of the present configuration."""
        config = self.config
        if not self._kept or self._kept[0].config is not config:
            self._kept[:] = [Visibility(config)]
        return self._kept[0]

    @property
    def images(self) -> ImageUrls | None:
        """The downloader of pictures by URL; ``None`` if the configuration does not allow URLs."""
        return self.image_urls if self.config.server.allow_image_urls else None

    @property
    def kinds(self) -> Mapping[str, type[Prediction]]:
        """The kinds of predictions that clients can request, by their plural."""
        return self.config.tables.predictions

    @property
    def session_tables(self) -> tuple[Sessions[Any], ...]:
        """The sessions of each WebRTC protocol."""
        return (self.whep,)

    def traffic(self, camera: str) -> Mapping[str, Traffic]:
        """Return what was sent to all who have watched a camera, by their kind as in :meth:`sessions`."""
        return {**self.whep.traffic(camera), **self.readers.traffic(camera)}

    def sessions(self, camera: str) -> list[dict[str, Any]]:
        """Return everybody who watches a camera live, in whatever way, as ``/api/cameras`` shows them."""
        return [*self.whep.sessions(camera), *self.readers.sessions(camera)]

    def error_of(self, owner: Feed | VisionService[Any]) -> str | None:
        """Return the present error of a camera or service without folder names and secrets; ``None`` without one."""
        error = Visibility.error(current_caller(), owner) if isinstance(owner, Feed) else owner.error
        return None if error is None else safe_text(self.config.without_folders(error))

    def camera(self, name: str) -> Feed:
        """Return a camera by name, private ones too.

        Raises:
            Forbidden: The present caller may not use a camera of that name, whether there is one or not.
            NotFound: No camera has that name.
        """
        if not current_caller().may_use(name):
            raise Forbidden(f"this token does not allow camera {name[:100]!r}")
        camera = self.graph.feeds.get(name)
        if camera is None:
            raise NotFound(f"there is no camera {name[:100]!r}")
        return camera

    def public_camera(self, name: str) -> Feed:
        """Return a camera by name, unless it is private.

        Raises:
            Forbidden: The present caller may not use a camera of that name, whether there is one or not.
            NotFound: No camera has that name, or it is private.
        """
        camera = self.camera(name)
        if camera.config.private:
            raise NotFound(f"there is no camera {name[:100]!r}")
        return camera

    def service(self, name: str) -> VisionService[Any]:
        """Return a vision service by name.

        Raises:
            Forbidden: The present caller may not see a vision service of that name, whether there is one or not.
            NotFound: No vision service has that name.
        """
        return self._named(self.services, name, "vision service")

    def declared_model(self, name: str) -> RuntimeDeclaration:
        """Return a model by name.

        Raises:
            Forbidden: The present caller may not see a model of that name, whether there is one or not.
            NotFound: No model has that name.
        """
        return self._named(self.declared_models, name, "model")

    def default_camera(self, service: VisionService[Any]) -> str | None:
        """Return the camera of a service when a request names none; ``None`` without one that the caller may use."""
        return Visibility.default_camera(current_caller(), service)

    def source_of(self, camera: Feed) -> str | None:
        """Return the name of a camera's source; ``None`` without one that the caller may use."""
        return Visibility.source(current_caller(), camera)

    @staticmethod
    def _named(known: Mapping[str, T], name: str, what: str) -> T:
        found = known.get(name)
        if found is not None:
            return found
        if current_caller().cameras is None:
            raise NotFound(f"there is no {what} {name[:100]!r}")
        raise Forbidden(f"this token does not allow {what} {name[:100]!r}")

    def public_cameras(self) -> list[Feed]:
        """Return the cameras that are not private, and that the present caller may use."""
        return [camera for camera in self.feeds.values() if not camera.config.private]

    @asynccontextmanager
    async def session(self, service: VisionService[Any], client: str) -> AsyncIterator[Session]:
        """Yield a session of a vision service; several requests may share it.

        The state of a stateful service lasts from one request of a client to the next, if that comes soon.

        Args:
            service: The service.
            client: The origin of the frames, a camera or a client. A stateful service has one session for each.

        Raises:
            ModelUnavailable: The model cannot be loaded.
            Unavailable: Too many requests are waiting.
        """
        # The name is not enough: another service with that name may replace this one.
        key = ("service", service, client if service.stateful else "")
        async with self.opened(key, service.open_session, f"vision service {service.name}") as session:
            yield session

    @asynccontextmanager
    async def opened(self, key: Hashable, opened: Callable[[], C], what: str) -> AsyncIterator[C]:
        """Yield the pool's object for a key, and open it if needed.

        Args:
            key: The key in the pool.
            opened: Opens the object, or raises ModelError.
            what: The name of the object in errors.

        Raises:
            ModelUnavailable: The object cannot be opened.
            Unavailable: Too many requests are waiting.
        """
        async with AsyncExitStack() as stack:
            with model_errors(what):
                held = await stack.enter_async_context(self.pool.use(key, opened))
            yield held

    async def close_sessions(self) -> None:
        """End the sessions of all WebRTC protocols and all other readers, and refuse new ones."""
        await asyncio.gather(self.readers.close(), *(sessions.close() for sessions in self.session_tables))

    def close(self) -> None:
        """Stop the threads of requests and the watchdog, and close the models that requests keep open."""
        self.watchdog.stop()
        self.pool.close()
        self.models.close()
        self.parsers.close()
        self.waits.close()


@contextmanager
def model_errors(what: str) -> Iterator[None]:
    """Turn the errors of a model in the block into request errors.

    Args:
        what: The owner of the model, such as ``vision service coco``.

    Raises:
        ModelUnavailable: The model cannot be loaded or run; the original message goes to the log only.
        Unsupported: The service does not give that kind of result.
    """
    try:
        yield
    except UnsupportedKind as error:
        raise Unsupported(str(error)) from error
    except ModelError as error:
        logger.error("%s: %s", what, error)
        raise ModelUnavailable(f"{what} cannot use its model; the server's log says why") from error


def open_backend(graph: Graph, encoders: EncoderPool, refusals: Refusals | None = None) -> Backend:
    """Return the backend over a graph, with its threads and its tables of WebRTC sessions. Call it in the event loop.

    Models share the cores with the streams, so few requests for them run at once. Those for one service can take half
    of the places: it may hang. After the last one, free memory is returned to the system. Requests for a frame cost
    nothing while they wait, so they start at once: their limit of ten seconds is already running.

    Args:
        graph: The cameras, services and configuration.
        encoders: The encoders that all live streams share.
        refusals: Counts what limits refuse, of connections too.

    Raises:
        UnsuitableLibrary: The installed aiortc cannot be used.
    """
    refusals = refusals or Refusals()
    admissions = Admissions(lambda: graph.config.server.limits, refusals.add)
    whep = WhepSessions(graph, encoders, admissions=admissions)
    readers = Readers(graph, admissions)
    models = Workers("api-model", threads=2, waiting=64, share=33, when_idle=release_memory)
    parsers = Workers("api-parse", threads=2, waiting=64, when_idle=release_memory)
    waits = Workers("api-wait", threads=512, waiting=0, share=16)
    tokens = Tokens(lambda: graph.config.server.tokens)
    images = ImageUrls(bytes_max=lambda: graph.config.server.limits.picture_bytes)
    bodies = Bodies(lambda: graph.config.server.limits, refusals)
    pool = Pool(models)
    return Backend(
        graph,
        encoders,
        whep,
        readers,
        models,
        parsers,
        waits,
        pool,
        tokens,
        images,
        bodies,
        LoopWatchdog(),
        refusals,
    )
