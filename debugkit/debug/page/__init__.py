"""The page: frozen values that templates print, and what makes them.

``models`` and ``frame_models`` are the values. ``builder`` makes the page, ``headline`` what it is called, ``origins``
how it came to this, ``listing`` the list of exceptions and frames, ``frame`` a frame, ``frame_names`` what that is
called and where it is found, ``spans`` a line of source, ``panels`` the panels, ``recents`` the list of errors,
``problem_json`` the JSON (RFC 9457); ``rendering`` prints them, ``templating`` knows Jinja2, ``assets`` the files.

A new panel is an entry in the table of ``panels``.
"""
