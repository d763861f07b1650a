"""A program with a bug: it dies with exit status 1 after 5 to 15 seconds."""

from __future__ import annotations

import random
import time

if __name__ == "__main__":
    seconds = random.uniform(5, 15)
    print(f"so far so good, for {seconds:.1f} seconds")
    time.sleep(seconds)
    raise SystemExit("something went wrong: this line is from stderr")
