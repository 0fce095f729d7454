"""Starting the program again. ``supervisor`` decides, ``workers`` starts and ends processes, ``control`` is the channel
between the two, ``bootstrap`` turns a process into the supervisor, ``command_line`` knows how the program was started,
``prompts`` whether somebody is at a debugger's prompt, ``lifeline`` ends what a worker has forked.
"""
