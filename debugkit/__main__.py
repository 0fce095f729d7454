"""``python -m debugkit`` does what ``debugkit`` does."""

from __future__ import annotations

import sys

from debugkit.cli import main

if __name__ == "__main__":
    sys.exit(main())
