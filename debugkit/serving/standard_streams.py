"""The descriptors 0, 1 and 2. Knows nothing of what is written to them."""

from __future__ import annotations

import os


def hold_standard_streams() -> None:
    """Open those that the program was started without (``>&-``, some process managers): nobody reads what goes there.

    Else the next socket would get the number, and would be what every child, and the code of C libraries, takes for the
    terminal.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != descriptor:
                os.dup2(opened, descriptor)
                os.close(opened)
            os.set_inheritable(descriptor, True)
