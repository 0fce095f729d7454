"""WSGI middleware of the server: ``static_files``, and ``serialize`` for one request at a time."""
