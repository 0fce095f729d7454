"""One connection of HTTP/1.1 (RFC 9110, RFC 9112): ``transport`` reads and writes with deadlines, ``connection`` takes
requests one after the other, ``plain_head`` reads the heads that nearly all clients send, h11 the others, and
``refused_head`` looks again at what h11 refuses; ``environ`` and ``request_body`` make the application's side
(PEP 3333), ``response`` checks, frames and sends what it returns, ``hijack`` gives the connection away.
"""
