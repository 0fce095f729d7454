"""The runner wing: serve a WSGI application over HTTP for development."""
