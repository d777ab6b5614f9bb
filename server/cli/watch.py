"""The predictions of a camera as they come, for ``camweave watch``: from a running server, or from cameras run here."""

from __future__ import annotations

import http.client
import json
import logging
import ssl
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import replace
from urllib.parse import quote, urlsplit

from cameras import SlotClosed
from pipeline import Config, Feed, Graph, State
from streams import PredictionsEvent

from ..program import UsageError
from .exit_codes import Failure

logger = logging.getLogger(__name__)

SILENCE_S = 40.0
"""How long a server may be silent; it sends a comment every 15 seconds."""

PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Pauses between attempts to reach a server, by failures in a row; the last one repeats."""

_LOOK_S = 0.2  # how soon the end of a camera is noticed
_COMING_S = 10.0  # how long the last frame of a camera that has ended may be on its way, such as while a model loads
_LINE_MAX = 1 << 26  # bytes; an event with a line that is longer is not ours
_PAUSE_MAX_S = 60.0  # whatever the server says


class _Lost(Exception):
    """The server cannot be reached, or has ended the stream; the message says why."""

    def __init__(self, message: str, pause_min_s: float = 0.0) -> None:
        super().__init__(message)
        self.pause_min_s = pause_min_s


def watched(declared: Config, camera: str) -> Iterator[str]:
    """Run a camera of a configuration here, with all that it needs, and yield its events as JSON.

    It ends when the camera has ended, such as at the end of a file. What goes wrong meanwhile is logged.

    Raises:
        ModelError: A model cannot be loaded.
    """
    cold = {name: replace(other, preload=False) for name, other in declared.cameras.items()}
    graph = Graph(replace(declared, cameras=cold))
    with closing(graph):
        graph.open()
        feed = graph.feeds[camera]
        if not feed.annotates:
            logger.warning("camera %s has no predictions: no transform of its chain recognises anything", camera)
        for event in _events(feed):
            yield event.json.decode()


def _events(feed: Feed) -> Iterator[PredictionsEvent]:
    """Yield the events of the frames that have predictions, and of the first one without."""
    told, last, looks = False, None, 0
    with feed.watch() as watch:
        while True:
            try:
                frame = watch.get(_LOOK_S)
            except SlotClosed:
                return
            except TimeoutError:
                if feed.state is State.ENDED:
                    newest, looks = feed.root.latest, looks + 1
                    if newest is None or newest.sequence == last or looks * _LOOK_S >= _COMING_S:
                        return
                continue
            last, looks = frame.sequence, 0
            event = PredictionsEvent.of(feed.name, frame)
            if event.annotations or told:
                yield event
            told = bool(event.annotations)


def received(
    url: str, camera: str, token: str | None = None, sleep: Callable[[float], object] = time.sleep
) -> Generator[str, None, None]:
    """Yield the events of a camera of a running server as JSON. Lost connections are made again, without an end.

    Args:
        url: The server's address; its path is that below which the server is.
        camera: The name of the camera.
        token: A token for that server.
        sleep: Waits for some seconds.

    Raises:
        UsageError: The URL cannot be used, the token may not watch the camera, or there is no such camera.
        Failure: The server could not be reached at first.
    """
    server = _Server(url, camera, token)
    failures, was_reached, is_lost = 0, False, False
    while True:
        try:
            for text in server.events():
                if is_lost:
                    logger.warning("%s: it answers again", server.name)
                was_reached, is_lost = True, False
                if text is not None:
                    failures = 0  # not before, as it might end each stream at once
                    yield text
            raise _Lost("the server has ended the stream")
        except _Lost as error:
            if not was_reached and not error.pause_min_s:
                raise Failure(f"{server.name}: {error}") from None
            if not is_lost:
                logger.warning("%s: %s; trying again", server.name, error)
            is_lost = True
            pause_s = PAUSES_S[min(failures, len(PAUSES_S) - 1)]
            failures += 1
            sleep(max(pause_s, error.pause_min_s))


class _Server:
    """The stream of one camera of a server."""

    def __init__(self, url: str, camera: str, token: str | None) -> None:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise UsageError(f"the URL cannot be used: {error}") from None
        if not host or parts.username or parts.query:
            raise UsageError(
                "the URL must be the address of a server, such as http://127.0.0.1:8080/; give a token with --token or "
                "CAMWEAVE_TOKEN"
            )
        self.name = f"{parts.scheme}://{parts.netloc}"
        self._host, self._port, self._is_tls = host, port, parts.scheme == "https"
        self._path = f"{parts.path.rstrip('/')}/api/cameras/{quote(camera, safe='')}/predictions"
        self._headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self._last_id: str | None = None

    def events(self) -> Iterator[str | None]:
        """Yield ``None`` once the server has answered, and then the data of each event.

        Raises:
            UsageError: The server refuses for good.
            _Lost: It cannot be reached, or refuses for now.
        """
        kind = http.client.HTTPSConnection if self._is_tls else http.client.HTTPConnection
        with closing(kind(self._host, self._port, timeout=SILENCE_S)) as connection:
            try:
                last = {} if self._last_id is None else {"Last-Event-ID": self._last_id}
                connection.request("GET", self._path, headers={**self._headers, **last})
                response = connection.getresponse()
                if response.status != 200:
                    raise self._refusal(response)
                yield None
                yield from self._read(response)
            except TimeoutError:
                raise _Lost(f"nothing has come for {SILENCE_S:g} s") from None
            except ssl.SSLCertVerificationError as error:
                raise _Lost(
                    f"its certificate is not trusted ({error.verify_message}); SSL_CERT_FILE may name the file of one "
                    "that is"
                ) from None
            except ssl.SSLError:
                raise _Lost("it does not answer over TLS; without that, its URL begins with http://") from None
            except (OSError, http.client.HTTPException) as error:
                if isinstance(error, http.client.BadStatusLine) and not isinstance(error, OSError):
                    raise _Lost("what answers speaks no HTTP; the port must be that of the page") from None
                reason = error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
                raise _Lost(f"it does not answer: {reason or type(error).__name__}") from None

    def _read(self, response: http.client.HTTPResponse) -> Iterator[str]:
        """Yield the data of each event, as WHATWG's standard of server-sent events has it."""
        data: list[str] = []
        while line := response.readline(_LINE_MAX):
            text = line.decode(errors="replace").rstrip("\r\n")
            name, _, value = text.partition(":")
            value = value.removeprefix(" ")
            if name == "data":
                data.append(value)
            elif name == "id" and value.isascii() and value.isdecimal():
                self._last_id = value
            elif not text and data:
                yield _line("\n".join(data))
                data.clear()

    def _refusal(self, response: http.client.HTTPResponse) -> Exception:
        status = response.status
        try:
            detail = str(json.loads(response.read(65_536))["detail"])
        except (ValueError, KeyError, TypeError):
            detail = f"the server answered {status} {response.reason}"
        if status in (401, 403):
            return UsageError(
                f"{self.name}: {detail}; give a token that may view the camera: --token or CAMWEAVE_TOKEN"
            )
        if status == 404:
            return UsageError(f"{self.name}: {detail}")
        wait = response.headers.get("Retry-After", "")
        if status in (429, 503):
            return _Lost(detail, min(float(wait), _PAUSE_MAX_S) if wait.isdecimal() else PAUSES_S[0])
        return _Lost(detail)


def _line(data: str) -> str:
    """Return an event as one line of JSON. What would act on a terminal is escaped as JSON has it.

    Raises:
        _Lost: It is no event.
    """
    if data.isascii() and data.isprintable() and data.startswith("{"):
        return data  # as our servers write it
    try:
        event = json.loads(data)
    except (ValueError, RecursionError):
        event = None
    if not isinstance(event, dict):
        raise _Lost("it sends what is no event")
    return json.dumps(event, separators=(",", ":"))
