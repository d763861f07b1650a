"""Runs a command hundreds of times without paying for its imports: each run is a fork of one warm interpreter."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from harness.daemon import ALARM, Ran, environment
from harness.sides import Side

# Reads one JSON job per line and answers each with one line, its exit status.
_KENNEL = """
import importlib, json, os, sys
main = importlib.import_module(sys.argv[1]).main
for line in sys.stdin:
    job = json.loads(line)
    pid = os.fork()
    if not pid:
        for fd, path in enumerate(("/dev/null", "out", "err")):
            os.dup2(os.open(os.path.join(job["cwd"], path), os.O_RDWR | os.O_CREAT | os.O_TRUNC), fd)
        os.chdir(job["cwd"])
        sys.argv = job["argv"]
        sys.exit(main())
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


class WarmCommand:
    """One command of one side, ``main()`` of the module already imported; use it as a context manager."""

    def __init__(self, side: Side, module: str, name: str, env: Mapping[str, str] | None = None) -> None:
        self._argv0 = side.command(name)
        self._kennel = subprocess.Popen(
            [side.command("python"), "-c", _KENNEL, module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=env or environment(),
        )

    def __enter__(self) -> WarmCommand:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._kennel.communicate(timeout=ALARM)

    def run(self, words: Sequence[str], cwd: Path) -> Ran:
        """Run the command once; its output is also left in the files ``out`` and ``err`` of ``cwd``."""
        stdin, stdout = self._kennel.stdin, self._kennel.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps({"cwd": str(cwd), "argv": [self._argv0, *words]}) + "\n")
        stdin.flush()
        status = int(stdout.readline())
        texts = [(cwd / name).read_bytes().decode(errors="replace") for name in ("out", "err")]
        return Ran(texts[0], texts[1], status)
