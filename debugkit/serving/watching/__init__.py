"""Which files changed. ``patterns`` and ``filter`` say which count, ``file_tree`` and ``links`` what is there,
``fingerprints`` and ``changes`` what is different, ``inotify`` (Linux) and ``observer`` (elsewhere) when to look,
``watcher`` when a batch is complete; ``places`` when something was installed. For the reloader only, which refuses
Windows: paths are POSIX paths.
"""
