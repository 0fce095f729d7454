"""The runner: where the wings meet. What to serve (``target``, ``expression``, ``environment``), how (``cli_options``,
``config``), and who does it: ``run`` serves here, supervises, or serves as a supervisor's ``worker``. ``supervision``
is what those two are configured with, ``failed_start`` what is served in place of a program that could not start.
``protocols`` tells WSGI from ASGI, ``servers`` has the server of each, and the room ``asgi`` what belongs to the second
only. In ``rehearsals`` a process does what it will need before anybody waits for it.

``debugkit run app.py``: debugkit.cli -> cli_options -> target -> config -> run -> serving.reloading.supervisor ->
(a new process) worker -> debugkit.cli -> run -> serving.server.
"""
