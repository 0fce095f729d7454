"""What is done once before it is needed, by a process that has nothing to do: nobody waits for what a first time takes.

``error`` makes the page of an error, and ``later`` has that done in a server that has just begun. ``start`` is for a
process that waits to be the next worker.
"""
