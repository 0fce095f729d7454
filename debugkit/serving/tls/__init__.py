"""TLS: ``certificates`` makes, keeps and renews those for development, ``context`` loads them, ``transport`` speaks
it.
"""
