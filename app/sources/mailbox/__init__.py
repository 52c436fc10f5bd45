"""A mail box, read and never changed."""
