"""The old import paths, and real plugins."""
