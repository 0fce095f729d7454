"""The debugger wing: an exception in, a page with a live console out."""
