"""The debugger's addresses. ``routes`` is the table of them, ``context`` what handlers work with, ``handlers`` and
``console_handlers`` answer, ``results`` shapes what a command shows, ``error_response`` answers the request that
failed. ``replay_handler`` sends a request again, ``handing_on_handlers`` has the forms to copy and to keep.
``negotiate`` chooses the form of an error, ``responses`` shapes every answer. ``relay`` hands on what is asked of
another process's error, and ``owner`` answers there.
"""
