"""The pictures of the documents, and the command that takes them."""
