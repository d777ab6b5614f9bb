"""The parts of a captioner: an encoder of pictures, a decoder that writes a text, and its tokens."""

from .decoder import Text, TextDecoder
from .encoder import Encoder
from .tokenizer import Tokenizer, read_tokenizer

__all__ = ["Encoder", "Text", "TextDecoder", "Tokenizer", "read_tokenizer"]
