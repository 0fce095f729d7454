"""The room redaction."""
