"""The page. ``models`` are frozen values that templates print; ``builder`` makes the page, ``frame`` a frame,
``panels`` the panels, ``spans`` a line of source, ``problem_json`` the JSON (RFC 9457); ``rendering`` knows Jinja2,
``assets`` the files.

A new panel is an entry in the table of ``panels``.
"""
