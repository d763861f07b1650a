"""The table of actions: what runs them, what they accept, their help."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from warden.ctl import daemon, follow, graph, groups, logs, plan, processes, restarting, standing, why
from warden.ctl.codes import Exit
from warden.ctl.session import Session

Run = Callable[[Session, Sequence[str]], None]


class Command(NamedTuple):
    """One action.

    ``preflight``: the server is asked for its version before anything else,
    even before the arguments are looked at.  A number of words outside
    ``fewest`` .. ``most`` is answered with a complaint (and the help).
    ``operands`` says what completion offers.  From the word number
    ``wildcards`` on (None: nowhere), names may contain wildcards and exceptions.
    """

    run: Run
    help: str
    preflight: bool = False
    fewest: int = 0
    too_few: str = ""
    too_few_status: Exit = Exit.GENERIC
    most: int | None = None
    too_many: str = ""
    operands: str = ""  # "processes", "groups", "available" or "" for none
    wildcards: int | None = None


def leave(session: Session, _words: Sequence[str]) -> None:
    """Leave the shell: the next prompt starts on a line of its own."""
    session.output("")


def _one_to_many(action: str, does: str) -> str:
    return (
        f"{action} <name>\t\t{does} a process\n"
        f"{action} <gname>:*\t\t{does} all processes of a group\n"
        f"{action} <name> <name>\t{does} several processes or groups\n"
        f"{action} all\t\t{does} all processes"
    )


def _alone(name: str, run: Run, help_: str, *, preflight: bool = False) -> Command:
    """Declare an action that takes no words."""
    return Command(run, help_, preflight, most=0, too_many=f"Error: {name} accepts no arguments")


def _of_processes(
    name: str, run: Run, help_: str, *, too_few_status: Exit = Exit.GENERIC, wildcards: int | None = None
) -> Command:
    """Declare an action on processes that are named."""
    return Command(
        run,
        help_,
        preflight=True,
        fewest=1,
        too_few=f"Error: {name} requires a process name",
        too_few_status=too_few_status,
        operands="processes",
        wildcards=wildcards,
    )


LEAVE = Command(run=leave, help="exit, quit\tLeave the shell.")

COMMANDS = {
    "add": Command(
        run=groups.add,
        help="add <gname> [...]\tActivate groups of the configuration read last",
        operands="available",
    ),
    "avail": _alone(
        "avail", groups.avail, "avail\t\t\tShow all configured processes\navail --json\t\tThe same as JSON"
    ),
    "blame": _alone(
        "blame",
        graph.blame,
        "blame\t\t\tShow where the time of the last starts went: how long each process took to become\n"
        "\t\t\tready, and for how long others held it back before\nblame --json\t\tThe same as JSON",
        preflight=True,
    ),
    "clear": _of_processes("clear", processes.clear, _one_to_many("clear", "Clear the log files of"), wildcards=0),
    "confirm": _alone("confirm", groups.confirm, "confirm\t\tKeep what update --confirm has changed", preflight=True),
    "disable": _of_processes(
        "disable",
        standing.disable,
        "disable <name> [...]\tLet only an order by name start processes, also after a restart of supervisord\n"
        "disable --now <name> [...]\tThe same, and stop them",
        too_few_status=Exit.INVALID_ARGS,
    ),
    "enable": _of_processes(
        "enable",
        standing.enable,
        "enable <name> [...]\tLet processes start by themselves again, as the configuration says\n"
        "enable --now <name> [...]\tThe same, and start them",
        too_few_status=Exit.INVALID_ARGS,
    ),
    "exit": LEAVE,
    "fg": Command(
        run=follow.fg,
        help="fg <name>\tShow the output of a process and send it what you type\n\t\tCtrl-C ends it.",
        preflight=True,
        fewest=1,
        too_few="ERROR: no process name supplied",
        operands="processes",
    ),
    "graph": Command(
        run=graph.graph,
        help="graph\t\t\tShow who needs whom, as a tree\ngraph --dot\t\tThe same for Graphviz\n"
        "graph --json\t\tThe same as JSON",
        preflight=True,
        most=1,
        too_many=graph.ONLY,
    ),
    "logs": _of_processes(
        "logs",
        logs.logs,
        (
            "logs [-f] [-n <lines>] [--since <time>] [--stdout|--stderr] <name> [...]\n"
            "logs web:* worker\tShow the last 10 lines of what these processes wrote, with their names\n"
            "logs -f web:*\t\tShow what they write from now on, too (Ctrl-C ends it)\n"
            "logs -n 100 web\t\tShow the last 100 lines\n"
            "logs --since 10m all\tShow what was written in the last ten minutes (30s, 10m, 2h, 1d)"
        ),
    ),
    "maintail": Command(
        run=follow.maintail,
        help=(
            "maintail -f\tFollow the log of supervisord (Ctrl-C ends it)\n"
            "maintail -100\tShow its last 100 *bytes*\n"
            "maintail\tShow its last 1600 *bytes*"
        ),
        preflight=True,
        most=1,
        too_many="Error: too many arguments",
    ),
    "open": Command(
        run=daemon.open_,
        help="open <url>\tTalk to another supervisord (http://host:port, https://host:port, unix:///path)",
    ),
    "pid": Command(
        run=processes.pid,
        help="pid\t\t\tShow the pid of supervisord\npid <name>\t\tShow the pid of a process\n"
        "pid all\t\t\tShow the pids of all processes, one per line",
        preflight=True,
        operands="processes",
        wildcards=0,
    ),
    "plan": _alone(
        "plan",
        plan.plan,
        "plan\t\t\tShow what update would do, in its order; nothing changes\nplan --json\t\tThe same as JSON",
        preflight=True,
    ),
    "quit": LEAVE,
    "reload": Command(
        run=daemon.reload,
        help="reload\t\t\tRestart supervisord and with it all processes.\n"
        "To apply a changed configuration without that, use update.\n"
        "reload <name> [...]\tLet processes read their own configuration again: send them their reload_signal\n"
        "reload <gname>:*\tThe same for all of a group that run and have one\n"
        "reload all\t\tThe same for all processes that run and have one",
        operands="processes",
    ),
    "remove": Command(
        run=groups.remove, help="remove <gname> [...]\tDeactivate groups that are stopped", operands="groups"
    ),
    "reread": _alone(
        "reread", groups.reread, "reread\t\t\tRead the configuration again and show what update would change"
    ),
    "restart": _of_processes(
        "restart",
        restarting.restart,
        _one_to_many("restart", "Restart") + "\nrestart --rolling [--batch N] [--timeout S] <name> [...]\n"
        "\t\t\t\tRestart N at a time (1); the next ones when those run and are ready,\n"
        "\t\t\t\twithin S seconds (600; 0 = however long it takes)\n"
        "restart --reread <name> [...]\tRead the configuration first; groups that changed are replaced\n"
        "Without --reread the configuration is not read again: for that see also reread, update.",
    ),
    "scale": Command(
        run=standing.scale,
        help="scale <program>=<number> [...]\tHave so many processes, also after a restart of supervisord\n"
        "scale <program>=file\t\tHave as many as the configuration says",
        preflight=True,
        fewest=1,
        too_few="Error: scale requires a program and a number, such as web=4",
        too_few_status=Exit.INVALID_ARGS,
    ),
    "shutdown": _alone("shutdown", daemon.shutdown, "shutdown\tStop all processes and supervisord itself"),
    "upgrade": _alone(
        "upgrade",
        daemon.upgrade,
        "upgrade\t\tLet the installed version of supervisord take over; no process is touched",
    ),
    "signal": Command(
        run=processes.signal,
        help=_one_to_many("signal <signal>", "Signal"),
        preflight=True,
        fewest=2,
        too_few="Error: signal requires a signal name and a process name",
        operands="processes",
        wildcards=1,
    ),
    "start": _of_processes(
        "start",
        processes.start,
        _one_to_many("start", "Start"),
        too_few_status=Exit.INVALID_ARGS,
        wildcards=0,
    ),
    "status": Command(
        run=processes.status,
        help="status\t\t\tShow all processes\n"
        "status <name> [...]\tShow some processes\n"
        "status <gname>:*\tShow all processes of a group\n"
        "status --json\t\tThe same as JSON",
        operands="processes",
        wildcards=0,
    ),
    "stop": _of_processes("stop", processes.stop, _one_to_many("stop", "Stop"), wildcards=0),
    "tail": Command(
        run=follow.tail,
        help=(
            "tail [-f] <name> [stdout|stderr] (default stdout)\n"
            "tail -f <name>\t\tFollow the log of a process (Ctrl-C ends it)\n"
            "tail -100 <name>\tShow its last 100 *bytes*\n"
            "tail <name> stderr\tShow the last 1600 *bytes* of what it wrote to stderr"
        ),
        preflight=True,
        fewest=1,
        too_few="Error: too few arguments",
        most=3,
        too_many="Error: too many arguments",
        operands="processes",
    ),
    "update": Command(
        run=groups.update,
        help="update\t\t\tRead the configuration again; add, restart and remove groups as it says\n"
        "update all\t\tThe same\n"
        "update <gname> [...]\tThe same for some groups only\n"
        "update --confirm <seconds>\tThe same, but go back unless you confirm it in that time",
        operands="available",
    ),
    "version": _alone("version", daemon.version, "version\t\t\tShow the version of supervisord"),
    "why": _of_processes(
        "why",
        why.why,
        "why <name> [...]\tTell what happened to processes, with causes: who asked, how they ended\n"
        "why <gname>:*\t\tThe same for all processes of a group\n"
        "why --json <name>\tThe same as JSON",
        wildcards=0,
    ),
}
SHELL_HELP = {
    "help": "help\t\tShow the actions\nhelp <action>\tShow how to use one",
    "EOF": "EOF\tLeave the shell, like quit and Ctrl-D.",
}


def run(session: Session, command: Command, words: Sequence[str]) -> None:
    """Run one action; raises ClientError."""
    if command.preflight and not session.preflight():
        return
    given = len([word for word in words if word != "--json"])
    if given < command.fewest:
        session.fail(f"{command.too_few}\n{command.help}", command.too_few_status)
    elif command.most is not None and given > command.most:
        session.fail(f"{command.too_many}\n{command.help}")
    elif command.wildcards is None:
        command.run(session, words)
    else:
        _run_expanded(session, command, words)


def _run_expanded(session: Session, command: Command, words: Sequence[str]) -> None:
    first = command.wildcards or 0
    names = session.names([word for word in words[first:] if word != "--json"])
    if names is not None:
        command.run(session, [*words[:first], *(["--json"] if "--json" in words else []), *names])
