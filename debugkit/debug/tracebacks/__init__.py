"""The room tracebacks."""
