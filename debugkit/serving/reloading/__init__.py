"""Starting the program again. ``supervisor`` decides; ``workers`` are the processes, and how they begin and end.

``launchers`` start them cold; ``warm`` has them forked from a process that ``preload`` makes, which ``preloading`` is
the supervisor's end of and ``forking`` keeps fit for it. ``messages`` are what they say to each other over a
``channel``; ``control`` is the worker's end of it. ``bootstrap`` turns a process into the supervisor, ``command_line``
knows how the program was started, ``modules`` what it has imported, ``prompts`` whether somebody is at a debugger's
prompt, and ``report`` tells the terminal.
"""
