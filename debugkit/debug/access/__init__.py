"""Who is asking, and what they may: ``trust`` (Host, peer, Origin), ``pin`` (PIN, one-time link, session), ``lockout``
(what processes share on disk), ``machine`` (what the PIN is derived from).
"""
