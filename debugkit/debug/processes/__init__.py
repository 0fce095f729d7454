"""Several processes serve one application: each answers for its own errors, and hands on what is asked of others'.

The modules, lowest first:

=============  =======================================================================================================
folder         the private folder in which the processes of one server meet
protocol       a request and a response as frames with lengths, over a socket with deadlines
listener       the owner's side: a thread that answers what other processes hand on
client         the asking side: a response streamed from the owner of an error
snapshots      what a process leaves of its errors for the time when it is gone
writer         the thread that writes snapshots
siblings       all of it for one application in one process: who owns an error, and where to ask
=============  =======================================================================================================

The owner's token is the beginning of an error's id and the name of its socket. No thread, socket or file is there
before the first error. A request is judged twice by the same rules: by the process that it reaches, and by the owner.
"""
