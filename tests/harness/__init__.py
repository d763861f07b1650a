"""Runs the real programs, ours and the ancestor's, for tests that look at them from outside."""
