"""The smallest use: any WSGI application, in a DebuggedApplication.

Start it with ``python examples/plain_wsgi.py`` and open http://127.0.0.1:8000/?name=
"""

from urllib.parse import parse_qsl

from debugkit import DebuggedApplication, run_simple


def hello(environ, start_response):
    query = dict(parse_qsl(environ.get("QUERY_STRING", "name=world"), keep_blank_values=True))
    name = query.get("name", "world")
    greeting = f"Hello {name[0].upper()}{name[1:]}!\n"
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    return [greeting.encode()]


app = DebuggedApplication(hello)

if __name__ == "__main__":
    run_simple("127.0.0.1", 8000, app)
