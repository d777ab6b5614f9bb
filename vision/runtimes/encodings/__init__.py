"""Readers of the encodings of model files, which check every offset: FlatBuffers and protocol buffers."""

from .flatbuffer import Table, root
from .protobuf import Schema, WireField, field_numbers, fields, integer, messages

__all__ = ["Schema", "Table", "WireField", "field_numbers", "fields", "integer", "messages", "root"]
