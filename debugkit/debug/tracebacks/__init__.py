"""An exception as data.

``model`` is the data; ``capture`` makes it, with ``exceptions`` and ``messages`` (what an exception says),
``stand_ins`` and ``text`` (what `traceback` prints), ``hiding`` and ``repeats`` (which frames are listed),
``libraries`` (whose they are), ``suggestions`` (what was meant), ``syntax_errors``, ``templates`` and
``django_settings`` (places outside of any Python frame). ``telling`` is which of all that comes first.
"""
