"""The room safe."""
