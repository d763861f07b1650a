"""A program that logs a lot: about 20 lines a second."""

from __future__ import annotations

import itertools
import time

if __name__ == "__main__":
    for number in itertools.count(1):
        print(f"line {number}: nothing to report, and plenty of words to say so")
        time.sleep(0.05)
