"""The adapter for ASGI 3: ``application`` is the middleware.

``exchange`` watches the messages of one request; ``gateway`` makes a request of a scope, and messages of a response;
``snapshot`` is what is kept of a request that failed; ``no_errors`` tells what is nobody's mistake; and in ``threads``
runs all that would block the loop.
Nothing outside of this room imports asyncio.
"""
