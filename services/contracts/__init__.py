"""The messages that cross a boundary, and nothing else: names, shapes, encoding, decoding."""
