"""What a request did before it failed: its log records, warnings and SQL, bounded, in order.

============  ======================================================================================================
timeline      the moments of the request that this context answers
where         the line of the application that a moment comes from
sources       what tells of moments: logging, warnings, and the databases of `databases`
databases     SQLAlchemy's engines; Django's connections are watched by `debugkit.django`
listing       a timeline as rows of texts
============  ======================================================================================================

Nothing is installed before an application asks for it (`debugkit.Settings.timeline`).
"""
