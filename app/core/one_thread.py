"""Imported first by the process that children are forked from: a library that counts starts its threads at import.

Their memory would count against the limit of each child, on a machine with many cores beyond it.
"""

import os

from app.core.child_process import ONE_THREAD

os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
