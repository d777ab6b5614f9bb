"""The command line that all trainers share, so that ``make train`` can pass the same arguments to each."""

from __future__ import annotations

import argparse

MODELS = ("classifier", "detector", "segmenter", "captioner")


class Options(argparse.Namespace):
    """The options of a trainer.

    Attributes:
        evaluate: Only measure the existing files.
        only: The model to train; ``None`` for all.
        chunks: Number of chunks of pictures to train with.
        epochs: Number of passes over the pictures.
        scenes: Unseen scenes to measure on, 10 pictures each.
    """

    evaluate: bool
    only: str | None
    chunks: int
    epochs: int
    scenes: int


def read_options(
    doc: str | None, *, chunks: int | None = None, pictures_per_chunk: int = 0, epochs: int | None = None
) -> Options:
    """Read the command line.

    Args:
        doc: The description of the trainer.
        chunks: Default number of chunks; ``None`` if it renders no pictures.
        pictures_per_chunk: Number of pictures in a chunk.
        epochs: Default number of epochs; ``None`` if it trains nothing.
    """
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--evaluate", action="store_true", help="only measure what is there")
    parser.add_argument("--only", choices=MODELS, help="the one model meant; a trainer of others does nothing")
    amount, often = f"amount of pictures, in {pictures_per_chunk}s", "how often each picture is looked at"
    unused = "of no use here"
    parser.add_argument("--chunks", type=int, default=chunks, help=unused if chunks is None else amount)
    parser.add_argument("--epochs", type=int, default=epochs, help=unused if epochs is None else often)
    parser.add_argument("--scenes", type=int, default=100, help="unseen scenes to measure on, 10 pictures each")
    return parser.parse_args(namespace=Options())
