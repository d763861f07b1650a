"""The program supervisorctl: what must be settled before, and whatever happens in, a run."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run supervisorctl and return its exit status."""
    argv = sys.argv if argv is None else argv
    gc.disable()  # one action leaves no garbage worth looking for: saves 6 of 60 ms
    try:
        return _guarded(argv)
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        sys.excepthook = lambda *_: None  # Python itself then dies of SIGINT, which is what shells look for
        raise
    finally:
        gc.enable()  # for a caller that goes on


def _guarded(argv: Sequence[str]) -> int:
    # Imported here, so that they profit from what main() has settled: no garbage collection, a quiet Ctrl-C.
    from warden.config.report import render_error
    from warden.ctl.codes import Exit
    from warden.ctl.program import run
    from warden.errors import ConfigError

    for stream in (sys.stdout, sys.stderr):  # log bytes go through as they are, whatever the locale says
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")
    try:
        return run(argv)
    except ConfigError as error:
        sys.stderr.write(render_error(error, argv[0]))
        return Exit.INVALID_ARGS


if __name__ == "__main__":
    sys.exit(main())
