"""A command in a frame. ``console`` takes commands, ``command`` runs one in the console's thread, ``coroutines`` one
that awaits in an event loop; ``interruption`` is how either is stopped. ``namespace`` resolves names, ``module_names``
those of a module, ``living_frame`` hands them to a frame that has not ended; ``transforms`` rewrites the tree,
``streams`` catches what is written, ``events`` sends it, ``results`` keeps what was sent in part. ``table`` has the
consoles of one error.
"""
