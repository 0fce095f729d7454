"""What the benchmark measures, a module for each part: ``measure(effort)`` yields figures."""

PARTS = {
    "passing": "a request that does not fail",
    "pages": "from the error to its page",
    "values": "what large values add to the page",
    "importing": "what an import costs",
    "first": "the first error of a process, and later ones",
    "console": "a command in a frame, over HTTP",
    "completing": "completion among many names",
    "memory": "what 2,000 errors leave behind",
    "floods": "four processes under as many errors as they can make",
    "load": "requests a second, and how long each takes",
    "transfers": "uploads and downloads",
    "watching": "a server that nobody uses",
    "starting": "from the command to the first answer",
    "reloading": "from the save to the first answer with the new code",
}
