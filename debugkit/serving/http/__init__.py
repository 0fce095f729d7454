"""One connection of HTTP/1.1 (RFC 9110, RFC 9112): ``transport`` reads and writes with deadlines, ``connection`` takes
requests one after the other, ``refused_head`` looks again at what h11 refuses, ``environ`` and ``request_body``
make the application's side (PEP 3333), ``response`` checks, frames and sends what it returns, ``hijack`` gives the
connection away.
"""
