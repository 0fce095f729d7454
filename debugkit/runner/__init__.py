"""The room runner."""
