"""The room middleware."""
