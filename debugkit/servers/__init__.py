"""The running servers of this user: where they answer (``known``), what they say of errors (``errors_command``).

Knows no debugger: it asks as any client does.
"""
