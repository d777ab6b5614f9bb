"""Kinds for camweave, to copy: a camera, two transforms, and a vision service with a result kind of its own."""
