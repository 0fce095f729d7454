"""A captured request, sent once more to its application, inside of the server.

``replay`` is one such request under way, ``wsgi`` sends it by PEP 3333; `debugkit.debug.asgi.replay` does so by ASGI.
It never leaves the process, so what is redacted on every page goes along as it was.
"""
