"""Why it happened, in one sentence made of live values; nothing where that is not certain.

``place``: the failing expression of a frame, and what its parts are. ``scene``: an exception with its places, and the
words for values. Above them a module for each kind of mistake, each a function from a scene to a sentence or "":
``kinds`` (of values), ``nothing`` (`None`), ``lookups``, ``calls``, ``operators``, ``conversions``, ``imports``,
``files``, ``unpacking``, ``contexts`` (``with``). ``engine`` asks them in order. No code of the application runs: what
is no exact built-in is not looked into.
"""
