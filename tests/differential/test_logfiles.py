"""What ends up in the log files: rotation, channels, redirection, stripping, names, rights, clearing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from differential.story import Plot, Story

# Repeats every line of its stdin, so that a test decides what is written when.
REPEAT = "sh -c 'while read -r line; do echo \"$line\"; done'"


def sizes(story: Story, prefix: str) -> dict[str, str]:
    """Return name and text of the files in the story's directory whose name begins so."""
    return {path.name: path.read_text() for path in sorted(story.home.glob(f"{prefix}*"))}


def rotation(backups: int, maxbytes: int = 10) -> Plot:
    """Make the plot of one rotating log with that many backups."""

    def plot(story: Story) -> None:
        config = f"""
[program:p]
command = {REPEAT}
stdout_logfile = %(here)s/p.log
stdout_logfile_maxbytes = {maxbytes}
stdout_logfile_backups = {backups}
"""
        with story.daemon(config, options=("-e", "debug")) as daemon:
            daemon.wait_line("success: p")
            for number, length in enumerate((4, 3, 8, 30, 9, 10, 2, 9, 1)):
                line = str(number) * length
                daemon.rpc("supervisor.sendProcessStdin", "p", f"{line}\n")
                daemon.wait_line(f"^{line}$")
                story.note(f"after line {number}", sizes(story, "p.log"))
            story.rpc(daemon, "readProcessStdoutLog", "p", 0, 0)
            story.rpc(daemon, "clearProcessLogs", "p")
            story.note("after clear", sizes(story, "p.log"))

    plot.__name__ = f"rotation_with_{backups}_backups_at_{maxbytes}"
    return plot


def gaps(backups: int) -> Plot:
    """Make the plot of a log some of whose rotated files are missing; the last number is taken."""

    def plot(story: Story) -> None:
        for number in (1, 3, 4, backups - 2, backups, backups + 1):
            (story.home / f"p.log.{number}").write_text(f"{number}")
        config = f"""
[program:p]
command = {REPEAT}
stdout_logfile = %(here)s/p.log
stdout_logfile_maxbytes = 10
stdout_logfile_backups = {backups}
"""
        with story.daemon(config) as daemon:
            daemon.wait_line("success: p")
            for number in range(4):
                line = f"this is line {number}\n"
                daemon.rpc("supervisor.sendProcessStdin", "p", line)
                story.wait_text("p.log.1", line)
                story.wait_text("p.log", "")
                story.note(f"after line {number}", sizes(story, "p.log"))

    plot.__name__ = f"gaps_among_{backups}_backups"
    return plot


def channels(story: Story) -> None:
    config = """
[program:both]
command = sh -c 'echo out; echo err >&2; exec cat'
stdout_logfile = %(here)s/both.out
stderr_logfile = %(here)s/both.err
[program:joined]
command = sh -c 'echo out; echo err >&2; exec cat'
redirect_stderr = true
stdout_logfile = %(here)s/joined.out
stderr_logfile = %(here)s/joined.err
[program:same]
command = sh -c 'echo out; exec cat'
stdout_logfile = %(here)s/same.log
[program:none]
command = sh -c 'echo out; echo err >&2; exec cat'
stdout_logfile = NONE
stderr_logfile = off
[program:auto]
command = sh -c 'echo out; echo err >&2; exec cat'
[program:never]
command = cat
autostart = false
stdout_logfile = %(here)s/never.log
"""
    (story.home / "same.log").write_text("already there\n")
    with story.daemon(config) as daemon:
        daemon.wait_line("success: ", 5)
        story.wait_text("both.err", "err\n")
        story.wait_text("joined.out", "err\n")
        story.wait_text("same.log", "out\n")
        story.note("files", sorted(path.name for path in story.home.iterdir()))
        for name in ("both.out", "both.err", "joined.out", "same.log"):
            story.note(name, daemon.read(name))
            story.note(f"mode of {name}", oct((story.home / name).stat().st_mode))
        for path in sorted(story.home.glob("auto-*")):
            story.note(f"mode of {path.name}", oct(path.stat().st_mode))
            story.wait_text(path.name, "\n")
            story.note(path.name, path.read_text())
        for name in ("both", "joined", "none", "auto", "never"):
            info = daemon.info(name)
            for field in ("logfile", "stdout_logfile", "stderr_logfile"):
                story.note(f"{name} {field}", info[field])


def restarts_append(story: Story) -> None:
    config = "[program:p]\ncommand = sh -c 'echo begin; exec cat'\nstdout_logfile = %(here)s/p.log\n"
    with story.daemon(config) as daemon:
        daemon.wait_line("success: p")
        for _ in range(2):
            daemon.rpc("supervisor.stopProcess", "p")
            daemon.rpc("supervisor.startProcess", "p")
        story.wait_text("p.log", "begin\nbegin\nbegin\n")
        story.note("log", daemon.read("p.log"))


def last_words(story: Story) -> None:
    """Everything that was written before the end is in the log, whatever the way to the end."""
    config = """
[program:p]
command = sh -c 'read x; i=0; while [ $i -lt 400 ]; do echo "line $i"; i=$((i+1)); done; printf end; exit 3'
stdout_logfile = %(here)s/p.log
startsecs = 0
autorestart = false
"""
    with story.daemon(config.replace("; ", ";")) as daemon:
        daemon.wait_line("success: p")
        daemon.rpc("supervisor.sendProcessStdin", "p", "go\n")
        daemon.wait_line("exited: p")
        text = daemon.read("p.log")
        story.note("length", len(text))
        story.note("end", text[-30:])


ANSI = {
    "colour": r"\033[31mred\033[0m plain\n",
    "bold and clear": r"\033[1;32mgreen\033[K\033[0m\n",
    "cursor": r"a\033[2Ab\033[10;20Hc\033[Jd\n",
    "none": r"nothing [31m here\n",
}


def stripping(story: Story) -> None:
    config = "".join(
        f"[program:p{number}]\ncommand = sh -c \"printf '{text.replace(chr(92), chr(92) * 4)}!';exec cat\"\n"
        f"stdout_logfile = %(here)s/p{number}.log\n"
        for number, text in enumerate(ANSI.values())
    )
    with story.daemon(config, options=("-t",)) as daemon:
        daemon.wait_line("success: ", len(ANSI))
        for number, name in enumerate(ANSI):
            story.wait_text(f"p{number}.log", "!")
            story.note(name, daemon.read(f"p{number}.log"))


def not_stripping(story: Story) -> None:
    config = "[program:p]\ncommand = printf '\\033[31mred\\033[0m\\000\\377!'\nstdout_logfile = %(here)s/p.log\n"
    with story.daemon(config + "startsecs = 0\nautorestart = false\n") as daemon:
        daemon.wait_state("p", "EXITED")
        story.note("bytes", repr((story.home / "p.log").read_bytes()))


def automatic_names(story: Story) -> None:
    config = "[program:w]\ncommand = cat\nnumprocs = 2\nprocess_name = w%(process_num)d\nstdout_logfile_maxbytes = 5\n"
    old = ["w0-stdout---supervisor-abcdefgh.log", "gone-stderr---supervisor-abcdefgh.log.3", "x---other-abcdefgh.log"]
    for name in old:
        (story.home / name).write_text("old")
    with story.daemon(config) as daemon:
        daemon.wait_line("success: ", 2)
        names = sorted(path.name for path in story.home.iterdir() if "---" in path.name)
        story.note("names", [story.normal.text(name) for name in names])
        story.note("old ones", [name for name in old if name in names])
        story.note("modes", sorted({oct((story.home / name).stat().st_mode) for name in names}))
        story.rpc(daemon, "clearProcessLogs", "w:w0")
        story.note("one is cleared", daemon.info("w:w0")["stdout_logfile"] != "")


def another_identifier(story: Story) -> None:
    with story.daemon("[program:p]\ncommand = cat\n", options=("-i", "other", "-k")) as daemon:
        daemon.wait_line("success: p")
        story.rpc(daemon, "getIdentification")
        story.note("names", sorted(story.normal.text(p.name) for p in story.home.iterdir() if "---" in p.name))


def rotation_of_the_main_log(story: Story) -> None:
    with story.daemon("[program:p]\ncommand = cat\n", options=("-y", "600", "-z", "2")) as daemon:
        daemon.wait_line("success: p")
        daemon.rpc("supervisor.stopProcess", "p")
        daemon.rpc("supervisor.startProcess", "p")
        files = sorted(path.name for path in story.home.glob("main.log*"))
        story.note("there are backups", files[:2])


def log_beside_the_terminal(story: Story) -> None:
    """A child log on /dev/stdout comes out of the daemon's stdout."""
    config = """
[program:p]
command = sh -c 'echo to the outside; exec cat'
stdout_logfile = /dev/stdout
stdout_logfile_maxbytes = 0
"""
    with story.daemon(config) as daemon:
        daemon.wait_line("^to the outside")
        daemon.wait_line("success: p")
        story.rpc(daemon, "readProcessStdoutLog", "p", 0, 0)
        story.rpc(daemon, "getProcessInfo", "p")


PLOTS: tuple[Plot, ...] = (
    rotation(0),
    rotation(1),
    rotation(3),
    rotation(3, maxbytes=0),
    gaps(7),
    gaps(40),
    channels,
    restarts_append,
    last_words,
    stripping,
    not_stripping,
    automatic_names,
    another_identifier,
    rotation_of_the_main_log,
    log_beside_the_terminal,
)


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.__name__)
def test_the_log_files_hold_the_same(plot: Plot, side_by_side: Callable[[Plot], str]) -> None:
    assert not (differences := side_by_side(plot)), differences
