"""The room reloading."""
