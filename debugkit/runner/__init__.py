"""The runner: where the wings meet. What to serve (``target``, ``expression``, ``environment``), how (``cli_options``,
``config``), and who does it (``run``: serve here, supervise, or serve as a supervisor's ``worker``).

``debugkit run app.py``: debugkit.cli -> cli_options -> target -> config -> run -> serving.reloading.supervisor ->
(a new process) worker -> debugkit.cli -> run -> serving.server.
"""
