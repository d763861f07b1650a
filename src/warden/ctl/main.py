"""The program supervisorctl."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace

from warden.config.client import load_client
from warden.config.cmdline import client_args, client_usage
from warden.config.model import ClientConfig
from warden.config.report import render_error
from warden.config.search import find
from warden.ctl.codes import Exit
from warden.ctl.lines import Lines
from warden.ctl.plugins import resolve
from warden.ctl.shell import Shell
from warden.errors import ConfigError
from warden.words import VERSION


def main(argv: Sequence[str] | None = None) -> int:
    """Run supervisorctl and return its exit status."""
    argv = sys.argv if argv is None else argv
    for stream in (sys.stdout, sys.stderr):  # log bytes go through as they are, whatever the locale says
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")
    try:
        return _run(argv)
    except ConfigError as error:
        sys.stderr.write(render_error(error, argv[0]))
        return Exit.INVALID_ARGS
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.GENERIC
    except KeyboardInterrupt:
        sys.excepthook = lambda *_: None  # Python itself then dies of SIGINT, which is what shells look for
        raise


def _run(argv: Sequence[str]) -> int:
    args = client_args(argv)
    if args.help or args.version:
        sys.stdout.write(client_usage(argv[0]) if args.help else f"{VERSION}\n")
        return Exit.SUCCESS
    path = args.configuration or find(argv[0], os.getcwd())
    config = load_client(path, args.overrides, environ=os.environ, resolve=resolve, searched=args.configuration is None)
    shell = _shell(_with_environment(config))
    try:
        if args.words:
            shell.run_line(" ".join(args.words))
        else:
            shell.interact()
    finally:
        shell.close()
    return shell.session.exitstatus


def _with_environment(config: ClientConfig) -> ClientConfig:
    """Fill in credentials that neither command line nor file gives: they do not show in the process list."""
    return replace(
        config,
        username=config.username if config.username is not None else os.environ.get("SUPERVISOR_USERNAME"),
        password=config.password if config.password is not None else os.environ.get("SUPERVISOR_PASSWORD"),
    )


def _shell(config: ClientConfig) -> Shell:
    try:
        return Shell(config, Lines())
    except ValueError as error:  # a port that is no number; the scheme was checked with the configuration
        raise ConfigError(str(error)) from None


if __name__ == "__main__":
    sys.exit(main())
