"""From the command line to one action or the shell."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

from warden.config.client import load_client
from warden.config.cmdline import client_args, client_usage
from warden.config.search import find
from warden.config.values import ClientConfig
from warden.ctl.codes import Exit
from warden.ctl.lines import Lines
from warden.ctl.plugins import resolve
from warden.ctl.shell import Shell
from warden.errors import ConfigError
from warden.words import VERSION


def run(argv: Sequence[str]) -> int:
    """Do what the command line says and return the exit status; raises ConfigError before anything is done."""
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
            gc.enable()  # the shell may live for days
            shell.interact()
    finally:
        shell.close()
    return shell.session.exitstatus


def _with_environment(config: ClientConfig) -> ClientConfig:
    """Fill in credentials that neither command line nor file gives: they do not show in the process list."""
    return config._replace(
        username=config.username if config.username is not None else os.environ.get("SUPERVISOR_USERNAME"),
        password=config.password if config.password is not None else os.environ.get("SUPERVISOR_PASSWORD"),
    )


def _shell(config: ClientConfig) -> Shell:
    try:
        return Shell(config, Lines())
    except ValueError as error:  # a port that is no number; the scheme was checked with the configuration
        raise ConfigError(str(error)) from None
