"""The commands. Results go to stdout, progress and errors to stderr."""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import json
import logging
import secrets
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import SecretStr

from ..process import program_version
from ..program import UsageError, log_to_stderr, write_to_stderr
from .exit_codes import MISUSED, Failure, exit_codes, sentence_of
from .options import (
    ConfigPath,
    Host,
    Insecure,
    LogLevel,
    RedactedGroup,
    Token,
    count,
    duration,
    fraction,
    port_number,
    rate,
    seconds,
    secret,
)
from .startup import without_collection

if TYPE_CHECKING:
    from pipeline import Config, Plugin, Tables
    from streams import Target
    from vision import VisionService

logger = logging.getLogger(__name__)

HASHABLE_LENGTH = 20
"""Fewest characters of a token that a file has as a hash."""

cli = typer.Typer(
    name="camweave",
    cls=RedactedGroup,
    help="Cameras in YAML, chains of transforms, annotated live streams in the browser.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"camweave {program_version()}")
        raise typer.Exit


@cli.callback()
def _program(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    pass


@cli.command()
def serve(
    context: typer.Context,
    config: Annotated[
        str | None, typer.Argument(metavar="[CONFIG]", help="The configuration file; default: the built-in demo.")
    ] = None,
    host: Host = None,
    port: Annotated[
        int | None,
        typer.Option(
            parser=port_number, metavar="PORT", help="Port to listen on, instead of the file's; 0 picks a free one."
        ),
    ] = None,
    token: Token = None,
    insecure: Insecure = False,
    tls_cert: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Certificate chain (PEM) for HTTPS, with --tls-key.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="FILE", help="Private key (PEM) of the certificate.")] = None,
    tls_self_signed: Annotated[
        bool, typer.Option("--tls-self-signed", help="Serve HTTPS with a certificate that is made and kept for you.")
    ] = False,
    edit: Annotated[
        bool,
        typer.Option("--edit", help="Let the page /edit change the file; on by itself on 127.0.0.1 without tokens."),
    ] = False,
    no_watch: Annotated[
        bool, typer.Option("--no-watch", help="Do not follow changes of the file; SIGHUP still reloads it.")
    ] = False,
    log_level: Annotated[LogLevel, typer.Option(help="How much to log on stderr.")] = LogLevel.INFO,
) -> None:
    """Serve the cameras of a configuration until interrupted.

    Changes of the file are applied while the server runs.
    """
    log_to_stderr(log_level.upper())
    with exit_codes(interrupted=0):
        with without_collection():
            from configs import DEMO

            from ..configuration import ConfigFile, ServeOptions
            from ..run import hints_for_others
            from ..run import serve as serve_file

        declared = _load(config if config is not None else str(DEMO), context)
        options = ServeOptions(
            host=host,
            port=port,
            token=token,
            insecure=insecure,
            tls_cert=tls_cert,
            tls_key=tls_key,
            tls_self_signed=tls_self_signed,
        )
        file = ConfigFile(declared, options, watched=not no_watch, editable=edit)

        def announce(urls: Sequence[str]) -> None:
            # Before stdout, which programs read: its one line says that the server is ready.
            if config is None:
                write_to_stderr(f"This is the demo, {DEMO}. For a file of your own: camweave serve FILE")
            for line in hints_for_others(file.served.server, urls[1:]):
                write_to_stderr(line)
            try:
                print(urls[0], flush=True)
            except OSError as error:  # the log names the address, too
                logger.warning("the address cannot be written to stdout: %s", error.strerror)

        serve_file(file, announce)


@cli.command()
def check(
    context: typer.Context,
    config: ConfigPath,
    host: Host = None,
    token: Token = None,
    insecure: Insecure = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Print what was understood of each model, and why.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the problems as a JSON list, which is empty if there are none.")
    ] = False,
) -> None:
    """Validate a configuration and load every model.

    Opens no camera, and refuses what `serve` with the same options would refuse.
    """
    log_to_stderr("WARNING")
    if as_json and verbose:
        raise typer.BadParameter("give either --verbose or --json")
    with exit_codes(), _problems_as_json() if as_json else contextlib.nullcontext():
        from pipeline import Graph

        from ..configuration import ServeOptions, apply_options

        declared = apply_options(_load(config, context), ServeOptions(host=host, token=token, insecure=insecure))
        cold = {name: dataclasses.replace(camera, preload=False) for name, camera in declared.cameras.items()}
        graph = Graph(dataclasses.replace(declared, cameras=cold))
        try:
            graph.open()
        finally:
            graph.close()
        if verbose:
            _print_understood(graph.services.values())
        print("[]" if as_json else "OK")


@contextlib.contextmanager
def _problems_as_json() -> Iterator[None]:
    """Print why the block ends, instead of a sentence on stderr."""
    from cameras import safe_text
    from pipeline import ConfigError
    from vision import ModelError

    try:
        yield
    except ConfigError as error:
        problems = [
            {"line": problem.line, "column": problem.column, "path": problem.path, "message": problem.message}
            for problem in error.problems
        ]
    except (ModelError, UsageError) as error:  # with no place in the file, such as an option's
        problems = [{"line": None, "column": None, "path": "", "message": safe_text(str(error))}]
    else:
        return
    print(json.dumps(problems, indent=2))
    raise typer.Exit(MISUSED)


def _print_understood(services: Iterable[VisionService[Any]]) -> None:
    for service in services:
        if service.understood is not None:
            print(f"service {service.name}:")
            for line in service.understood.lines():
                print(f"  {line}")


@cli.command()
def token(
    from_stdin: Annotated[
        bool, typer.Option("--stdin", help="Read a token from stdin instead of making one, and print its hash only.")
    ] = False,
) -> None:
    """Make a token for clients, and the hash of it for server.tokens."""
    with exit_codes():
        from pipeline import hash_of

        if from_stdin:
            text = secret(sys.stdin.readline().strip()).get_secret_value()
            if len(text) < HASHABLE_LENGTH:
                raise UsageError(
                    f"a token of fewer than {HASHABLE_LENGTH} characters could be guessed from its hash; "
                    "without --stdin a good one is made"
                )
            print(hash_of(text))
            return
        made = secrets.token_urlsafe(24)
        print(f"token: {made}")
        print(f"hash:  {hash_of(made)}")


@cli.command()
def link(
    context: typer.Context,
    config: ConfigPath,
    camera: Annotated[str, typer.Option(metavar="NAME", help="The camera to watch.", show_default=False)],
    lasts_s: Annotated[
        float, typer.Option("--for", parser=duration, metavar="TIME", help="How long, such as 30m, 24h or 7d.")
    ] = 86_400.0,
    token: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The named token that gives it; default: the first that may view the camera."
        ),
    ] = None,
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="The server's address, if it differs from the configuration's.")
    ] = None,
) -> None:
    """Print an address for watching one camera, which expires.

    It ends earlier when its token is removed from the configuration.
    """
    log_to_stderr("WARNING")
    with exit_codes():
        from ..run import watch_link

        declared = _load(config, context)
        _require("camera", camera, declared.cameras)
        print(watch_link(declared, camera, lasts_s, token, url))


@cli.command()
def schema(
    context: typer.Context,
    config: Annotated[
        str | None, typer.Argument(metavar="[CONFIG]", help="A configuration file whose plugin files are included.")
    ] = None,
) -> None:
    """Print the JSON Schema of the configuration."""
    log_to_stderr("WARNING")
    with exit_codes():
        from pipeline import load_plugins
        from pipeline import schema as config_schema

        tables = _tables(context)
        print(json.dumps(config_schema(tables if config is None else load_plugins(config, tables)), indent=2))


@cli.command()
def plugins(
    context: typer.Context,
    config: Annotated[
        str | None, typer.Argument(metavar="[CONFIG]", help="A configuration file whose plugin files are listed too.")
    ] = None,
) -> None:
    """List the kinds that plugins add, and the errors of plugins."""
    log_to_stderr("WARNING")
    with exit_codes():
        from pipeline import load_plugins

        tables = _tables(context, warn=False)
        _print_plugins(tables.plugins)
        packages = len(tables.plugins)
        if config is not None:
            tables = load_plugins(config, tables)
            _print_plugins(tables.plugins[packages:])
        if not tables.plugins:
            print("no plugins")


@cli.command(context_settings={"ignore_unknown_options": True})
def bench(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME...]", help="Benchmarks, and options for them such as --json FILE; default: all."),
    ] = None,
) -> None:
    """Run the benchmarks of a clone of the repository.

    They take a quarter of an hour. benchmarks/README.md explains the names and the options.
    """
    with exit_codes():
        from .bench import run_benchmarks

        run_benchmarks(arguments or ())


def _print_plugins(plugins: Iterable[Plugin]) -> None:
    """Print a line for each plugin, and below it one for each of its kinds, with its error."""
    from cameras import safe_text

    for plugin in plugins:
        print(plugin.name if plugin.version is None else f"{plugin.name} {plugin.version}")
        for kind in plugin.kinds:
            print(f"  {kind}: {safe_text(kind.error)}" if kind.error else f"  {kind}", flush=True)


@cli.command()
def predict(
    context: typer.Context,
    config: ConfigPath,
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Pictures.", show_default=False)],
    service: Annotated[str, typer.Option(metavar="NAME", help="The vision service to run.", show_default=False)],
    n: Annotated[
        int | None,
        typer.Option(
            "--n",
            parser=count,
            metavar="N",
            help="Most results per picture, 0 for all; default: 5 classifications, all of other kinds.",
        ),
    ] = None,
    threshold: Annotated[float, typer.Option(parser=fraction, metavar="T", help="Lowest confidence, 0 to 1.")] = 0.0,
) -> None:
    """Print the results of a vision service for pictures.

    One JSON line per picture, in order.
    """
    log_to_stderr("WARNING")
    with exit_codes():
        from pipeline import ConfigError, make_services
        from vision import INFERENCE_LIMIT, ModelError

        from ..core import Wanted
        from .predict import Failed, predictions

        declared = _load(config, context)
        _require("vision service", service, declared.services)
        chosen = make_services(declared)[service]
        INFERENCE_LIMIT.seconds = declared.server.limits.inference_s
        try:
            session = chosen.open_session()
        except ModelError as error:
            raise ConfigError([declared.service_problem(service, str(error))]) from error
        failed, limits = 0, declared.server.limits.pictures
        with session:
            for line in predictions(session, declared.tables.predictions, files, Wanted(n, threshold), limits):
                failed += isinstance(line, Failed)
                print(json.dumps(line), flush=True)
        if failed:
            raise Failure(f"{failed} of {len(files)} pictures failed")


@cli.command()
def watch(
    context: typer.Context,
    where: Annotated[
        str,
        typer.Argument(
            metavar="CONFIG|URL",
            help="A running server, such as http://127.0.0.1:8080/, or a configuration file whose camera is run here.",
            show_default=False,
        ),
    ],
    camera: Annotated[str, typer.Argument(metavar="CAMERA", help="The camera.", show_default=False)],
    token: Annotated[
        SecretStr | None,
        typer.Option(
            parser=secret,
            envvar="CAMWEAVE_TOKEN",
            show_envvar=True,
            metavar="TOKEN",
            help="A token for the server; other programs can read it in the process list, but not in the environment.",
        ),
    ] = None,
) -> None:
    """Print the predictions of a camera until interrupted.

    One JSON line per frame that has some, or has just lost its last.
    """
    log_to_stderr("WARNING")
    with exit_codes(interrupted=0):
        with without_collection():
            from .watch import received, watched

        if where.startswith(("http://", "https://")):
            lines: Iterator[str] = received(where, camera, None if token is None else token.get_secret_value())
        elif ":" in where and not Path(where).exists():
            raise UsageError("neither a file nor the URL of a server, which begins with http:// or https://")
        else:
            declared = _load(where, context)
            _require("camera", camera, declared.cameras)
            lines = watched(declared, camera)
        for line in lines:
            print(line, flush=True)


@cli.command()
def annotate(
    context: typer.Context,
    config: ConfigPath,
    cameras: Annotated[
        list[str],
        typer.Option(
            "--camera",
            metavar="NAME",
            help="The camera whose chain is applied; may be given several times, each with its --output.",
            show_default=False,
        ),
    ],
    source: Annotated[str, typer.Option("--input", metavar="FILE", help="Video or picture.", show_default=False)],
    paths: Annotated[
        list[str], typer.Option("--output", metavar="FILE", help="The file to write.", show_default=False)
    ],
    lines: Annotated[
        list[str] | None,
        typer.Option(
            "--json",
            metavar="FILE",
            help="File for one JSON line per frame; - for stdout. With several cameras: one for each, or none.",
            show_default=False,
        ),
    ] = None,
    start_s: Annotated[
        float, typer.Option("--start", parser=seconds, metavar="SECONDS", help="Where in the video to begin.")
    ] = 0.0,
    end_s: Annotated[
        float | None,
        typer.Option("--end", parser=seconds, metavar="SECONDS", help="Where in the video to end; default: its end."),
    ] = None,
    frame_rate_max: Annotated[
        float | None,
        typer.Option("--fps", parser=rate, metavar="N", help="Use at most N frames of each second; default: all."),
    ] = None,
) -> None:
    """Apply the chains of one or more cameras to a video or picture.

    Writes every frame with its annotations. The file is read once, and a camera that others come from is applied once.
    """
    log_to_stderr("WARNING")
    with exit_codes():
        with without_collection():
            from cameras import CameraError
            from streams import Selection
            from streams import annotate as annotate_file

            from .progress import progress_bar

        declared = _load(config, context)
        for camera in cameras:
            _require("camera", camera, declared.cameras)
        try:
            selection = Selection(start_s, end_s, frame_rate_max)
            with progress_bar(", ".join(cameras)) as progress:
                annotate_file(
                    declared,
                    Path(source),
                    *_targets(cameras, paths, lines or ()),
                    selection=selection,
                    progress=progress,
                )
        except ValueError as error:
            raise UsageError(str(error)) from error
        except (CameraError, OSError) as error:
            raise Failure(sentence_of(error)) from error


@cli.command()
def extract(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A recording.", show_default=False)],
) -> None:
    """Print the predictions inside a recording of a live stream.

    One JSON line per picture that has them, as in `stream.flv?data=true`. MP4, Matroska, MPEG-TS and FLV keep them, if
    the stream was copied and not encoded again.
    """
    log_to_stderr("WARNING")
    with exit_codes():
        from cameras import safe_text
        from streams import Recording, RecordingError

        if "://" in file:
            raise UsageError("FILE must be a recording; save the stream first, as with curl --output recording.flv URL")
        recording, found = Recording(Path(file)), 0
        try:
            for event in recording.events():
                print(json.dumps(event), flush=True)
                found += 1
        except RecordingError as error:
            raise Failure(str(error)) from error
        if recording.damaged:
            raise Failure(
                f"{file}: {recording.damaged} of {found + recording.damaged} events are damaged: {recording.damage}"
            )
        if not found:
            write_to_stderr(f"{safe_text(file)} has no predictions; a recording of stream.flv?data=true does")


def _targets(cameras: Sequence[str], paths: Sequence[str], lines: Sequence[str]) -> list[Target]:
    """Return what to write of each camera."""
    from streams import Target

    if len(paths) != len(cameras):
        raise UsageError(
            "each --camera needs its --output, in the same order; "
            f"got {len(cameras)} times --camera and {len(paths)} times --output"
        )
    if lines and len(lines) != len(cameras):
        raise UsageError(
            "each --camera needs its --json, in the same order, or none has one; "
            f"got {len(cameras)} times --camera and {len(lines)} times --json"
        )
    if lines.count("-") > 1:
        raise UsageError("the lines of only one camera can go to stdout")
    outs = [sys.stdout if path == "-" else Path(path) for path in lines] or [None] * len(cameras)
    return [Target(camera, Path(path), out) for camera, path, out in zip(cameras, paths, outs, strict=True)]


def _load(path: str, context: typer.Context) -> Config:
    from pipeline import load

    return load(path, tables=_tables(context), run_plugins=True)


def _tables(context: typer.Context, *, warn: bool = True) -> Tables:
    """Return the kinds of this program and of installed packages; log a warning for each that cannot be used."""
    from pipeline import BUILT_IN, with_packages

    tables = with_packages(context.obj or BUILT_IN)
    for sentence in tables.errors() if warn else ():
        logger.warning("%s", sentence)
    return tables


def _require(what: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f', did you mean "{near[0]}"?' if near else ""
        names = ", ".join(known)
        raise UsageError(f'there is no {what} "{name}"{hint}' + (f" (known: {names})" if names else ""))
