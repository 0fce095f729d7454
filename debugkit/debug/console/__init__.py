"""A command in a frame. ``console`` takes commands, ``command`` runs one in the console's thread, ``namespace``
resolves its names, ``transforms`` rewrites its tree, ``streams`` catches what its thread writes, ``events`` sends
it. ``table`` has the consoles of one error.
"""
