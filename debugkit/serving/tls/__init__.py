"""The room tls."""
