"""Who is asking, and what they may (``viewer``), decided by ``trust`` (Host, peer, Origin) and ``pin`` (PIN, one-time
link, session); ``proxies`` (what those say of the way to them), ``lockout`` (what processes share on disk), ``machine``
(what the PIN is derived from).
"""
