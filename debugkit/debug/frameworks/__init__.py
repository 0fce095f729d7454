"""The room frameworks."""
