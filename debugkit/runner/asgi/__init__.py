"""Serves ASGI applications with uvicorn. ``start`` makes the server, and loads the rest only then.

``server`` is uvicorn's, with the sockets, the log, the signals and the end of our own; around the application are
``requests``, a line in the log for each, and its ``lifespan``.
"""
