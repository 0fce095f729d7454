"""The room console."""
