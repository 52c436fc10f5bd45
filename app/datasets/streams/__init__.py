"""Batches that grow: messages of a stream, stored a portion at a time and visible at once."""
