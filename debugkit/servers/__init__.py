"""The running servers of this user: where they answer (``known``), what they say of errors (``errors_command``).

Knows no debugger: it asks as any client does.
"""

from typing import Final

#: The version of the data that programs read, of servers and of the command: it grows when a field changes its meaning
#: or goes.
FORMAT: Final = 1
