"""Files of other shapes than CSV: recognised, unpacked, and turned into text that can be cut into blocks."""
