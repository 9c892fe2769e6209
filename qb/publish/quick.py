"""Loading libraries without what they would load in vain."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

# jsonschema loads it, where it is installed, to check web addresses in scripts other than Latin: seconds
# spent on compiling a grammar for a kind of field that no notebook has.
_IN_VAIN = "rfc3987_syntax"


@contextmanager
def quick_import() -> Iterator[None]:
    """Let what nobody needs be missing for the libraries that are imported meanwhile."""
    if _IN_VAIN in sys.modules:
        yield
        return
    sys.modules[_IN_VAIN] = None
    try:
        yield
    finally:
        del sys.modules[_IN_VAIN]
