"""Real programs, real signals, the installed package: few tests, and slow ones."""
