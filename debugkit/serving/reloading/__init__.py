"""Starting the program again. ``supervisor`` decides; ``workers`` starts and ends processes, ``spare`` keeps one ready.

``messages`` are what the two say to each other over a ``channel``; ``control`` is the worker's end of it. ``bootstrap``
turns a process into the supervisor, ``command_line`` knows how the program was started, ``modules`` which files it has
imported, ``prompts`` whether somebody is at a debugger's prompt, and ``lifeline`` ends what a worker has forked.
"""
