"""The command line that all trainers share, so that ``make train`` can hand the same words to each."""

from __future__ import annotations

import argparse

MODELS = ("classifier", "detector", "segmenter", "captioner")


class Options(argparse.Namespace):
    """What a trainer is told.

    Attributes:
        evaluate: Only measure what is there.
        only: The one model meant; ``None`` means all.
        chunks: Amount of pictures to train with.
        epochs: How often each of them is looked at.
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
        doc: What the trainer says of itself.
        chunks: How many it takes when nothing is said; ``None`` where nothing is drawn.
        pictures_per_chunk: How many pictures that is each.
        epochs: How many it takes when nothing is said; ``None`` where nothing is learnt.
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
