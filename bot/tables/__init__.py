"""Tables of bills: read from a file, settled through the plan of a single question, written beside what they held.

Nothing here but this file is imported before a table is asked for; what it needs beyond the program is the extra `[bulk]`.
"""

import os

# Polars reads these at its first import, by a module of this package. One row group ahead, however many cores there are, keeps the memory
# flat; and its allocator gives back what it has not used for so long: less memory for hardly more time (both measured).
os.environ.setdefault("POLARS_ROW_GROUP_PREFETCH_SIZE", "1")
os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:100,muzzy_decay_ms:0")

#: Eligible cost left unpaid in a year from which to warn, in yuan, unless another is given. FACTS.md: a setting, no document behind it.
WARN_AT = "10000"
