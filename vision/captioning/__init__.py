"""The parts of a captioner: image encoder, text decoder and tokenizer."""

from .image_encoder import ImageEncoder
from .text_decoder import GeneratedText, TextDecoder
from .tokenizer import Tokenizer, read_tokenizer

__all__ = ["ImageEncoder", "GeneratedText", "TextDecoder", "Tokenizer", "read_tokenizer"]
