"""Other people's databases: read only, within limits, and only where an operator lets us."""
