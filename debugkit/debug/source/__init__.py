"""The lines around a frame. ``text`` is what a source is, ``loading`` finds it, ``jinja`` that of templates that are no
files, ``sources`` those of one error; ``excerpt`` chooses the lines, ``positions`` converts columns (PEP 657),
``highlighting`` colours (Pygments), for consoles by ``session``; ``syntax`` parses, and ``expressions`` evaluates
names, attributes and items beside a line (pure_eval); ``name_values`` has them at all their places, and ``bindings``
tells which names have been bound anew since.
"""
