"""The debugger's addresses. ``context`` is what handlers work with, ``handlers`` and ``console_handlers`` answer,
``negotiate`` chooses the form of an error, ``responses`` shapes every answer. The table of routes is in
`debugkit.debug.debugger`.
"""
