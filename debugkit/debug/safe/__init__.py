"""Meeting objects that may be hostile: look without running their code, or run it with a deadline.

``inspection``: attributes, names and texts read past what a class defines, and `Guard`, which runs foreign code for a
limited time. ``processor_time``: a bound for what is done in pieces. ``text``: foreign text of bounded size.
``real_threads``: threads also where gevent or eventlet has put greenlets in their place. ``async_exceptions``: an
exception raised in another thread.
``thread_contexts``: what frameworks keep for a thread, entered by each that looks at a value.
``no_database``: what foreign code must not reach meanwhile. ``lazy_imports``: imports that wait to be used (PEP 810).
``event_loops``: the one of a thread.
``codes``: names and positions of code objects, remembered.
"""
