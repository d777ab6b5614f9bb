"""The parts of a captioner: an encoder of pictures, a decoder that writes a text, and its tokens."""

from .image_encoder import ImageEncoder
from .text_decoder import GeneratedText, TextDecoder
from .tokenizer import Tokenizer, read_tokenizer

__all__ = ["ImageEncoder", "GeneratedText", "TextDecoder", "Tokenizer", "read_tokenizer"]
