"""What the parts of the benchmark share.

figures    a figure, and what each peer has for it: median, spread, ratio
packages   which peers are installed, in which version
rounds     paired rounds: the peers take turns
servers    a server in a process of its own: start, address, memory, processor time
client     requests over HTTP, and one who asks all the while
projects   what the servers serve: a tiny application, a heavy one, 200 modules, Flask, Django, FastAPI, one that fails
peers      how each development server is started on such a project
report     all figures as Markdown, and in short as reStructuredText
"""
