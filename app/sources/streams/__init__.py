"""Sources that never end: one follower each, over any number of workers."""
