"""The deliberate differences between Warden and Supervisor 4.3.0: the only place where they are listed.

The differential suite fails when an entry is no longer true, and
``test_compatibility_page.py`` when COMPATIBILITY.md does not say the same;
``PYTHONPATH=tests python -m differential.known_differences`` writes it there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

PAGE = Path(__file__).parents[2] / "COMPATIBILITY.md"
BEGIN, END = "<!-- differences: begin -->\n", "<!-- differences: end -->\n"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is different on purpose.

    ``seen`` says where the suite observes it: for each story the observations that
    differ, each with a piece of text that must stand on our side.  What cannot be
    observed side by side (a wake-up, a crash that does not happen) has none.
    """

    area: str
    sentence: str  # what differs and why, for COMPATIBILITY.md
    seen: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def _each(piece: str, *observations: str) -> dict[str, str]:
    return dict.fromkeys(observations, piece)


CONFIGURATION = "Configuration"
DAEMON = "Daemon and processes"
RPC = "XML-RPC and HTTP"
CTL = "supervisorctl"
LOGS = "Log files"
EVENTS = "Events and listeners"

KNOWN: tuple[Difference, ...] = (
    Difference(
        CONFIGURATION,
        "After the two lines of an error both programs say more: file, line, option, value, advice; "
        "`supervisord --check` reports all problems at once.",
    ),
    Difference(
        CONFIGURATION,
        "A reference that cannot be loaded (`rpcinterface_factory`, `ctl_factory`, `result_handler`) is reported "
        "with the reason.",
        {
            "errors_plugins": {
                "plugins: not loadable": "'foo' is not of the form",
                "plugins: no module": "No module named 'no'",
                "plugins: no attribute": "module 'os' has no attribute 'foo'",
                "plugins: empty factory": "is not of the form",
            },
            "errors_listener": {
                "listener: result_handler": "'foo' is not of the form",
                "listener: result_handler module": "No module named 'no'",
            },
            "start_up_errors": {"$ supervisorctl -c factory.conf status": "[ctlplugin:x]: No module named 'no'"},
        },
    ),
    Difference(
        CONFIGURATION,
        "An unknown member of a group is blamed on the group; 4.3.0 names the program section before it.",
        {
            "errors_sections": {
                "sections: unknown second member": "[group:g] names unknown",
                "sections: empty member": "[group:g] names unknown",
                "sections: a program in two groups": "[group:h] names unknown",
            },
            "changing_the_configuration": {"$ supervisorctl reread #4": "[group:gg] names unknown"},
        },
    ),
    Difference(
        CONFIGURATION,
        "The two errors about the `socket` of an fcgi-program are sentences; 4.3.0 prints a Python tuple.",
        {
            "errors_fcgi": {
                "fcgi: bad format": "Error: Bad socket format foo in",
                "fcgi: relative path": "Error: Unix socket path rel/x is not",
                "fcgi: tcp without port": "Error: Bad socket format tcp://h in",
                "fcgi: tcp without host": "Error: Bad socket format tcp://:80 in",
                "fcgi: tcp with path": "Error: Bad socket format tcp://h:80/x in",
                "fcgi: upper case scheme": "Error: Bad socket format UNIX:///tmp/x in",
                "fcgi: no path": "Error: Unix socket path  is not",
            }
        },
    ),
    Difference(
        CONFIGURATION,
        "`%(host_node_name)s` works in `[supervisord] environment` (as in Supervisor 4.4).",
        {"errors_expansion": {"expansion: environment unknown name": "here, host_node_name"}},
    ),
    Difference(
        CONFIGURATION,
        "Values in `environment` are read by shell rules (as in Supervisor 4.4): only the quotes around a value go; "
        "4.3.0 strips every quote character from both ends.",
        {"environments": {"quoted env B": 'c "d"'}},
    ),
    Difference(
        CONFIGURATION,
        "Unknown sections and options are logged as warnings, with file, line and a suggestion; 4.3.0 is silent.",
    ),
    Difference(
        CONFIGURATION,
        "Expansions work once and everywhere: `%%` is enough in log file names and in `environment`, `here` "
        "is the directory of the file the value stands in, `priority` and the other early options may use all "
        "names of a program; a nameless `%s` is refused. 4.3.0 expands some values twice and dumps its tables "
        "for `%s`.",
    ),
    Difference(
        CONFIGURATION,
        "In `environment` only a comma separates pairs; 4.3.0 takes any character for one and cuts values silently.",
    ),
    Difference(
        CONFIGURATION,
        "Names are checked after expansion, too; empty names and two groups or processes of one name are "
        "errors. In 4.3.0 the last one wins silently.",
    ),
    Difference(
        CONFIGURATION,
        "`stopsignal` takes all real-time signals, and refuses 0 and `SIG_IGN`, which stop nothing.",
    ),
    Difference(
        CONFIGURATION,
        "Members of a group are ordered by priority, then by their place in `programs`, at every start and "
        "stop; 4.3.0 looks at the priority only in some requests.",
    ),
    Difference(
        CONFIGURATION,
        "A byte order mark is skipped, files are always read as UTF-8, and comments follow the plain rule; in "
        "4.3.0 this depends on the locale and on what else stands in the line.",
    ),
    Difference(
        CONFIGURATION,
        "An included file that cannot be read gives a warning; 4.3.0 skips it silently.",
    ),
    Difference(
        CONFIGURATION,
        "Addresses may be IPv6 (`[::1]:9001`), for servers and for FastCGI sockets.",
    ),
    Difference(
        CONFIGURATION,
        "Options whose order does not matter are no difference for `reread`; AUTO and a file name are always "
        "different, and so are the owner, mode and backlog of a FastCGI socket. 4.3.0 sees some of these and "
        "not others.",
    ),
    Difference(
        CONFIGURATION,
        "`reread` applies nothing of `[supervisord]`; 4.3.0 takes over some values at once and leaves stale "
        "files behind.",
    ),
    Difference(
        DAEMON,
        "Everything happens when its reason happens: starts, exits, restarts, signals, shutdowns. 4.3.0 looks once a "
        "second, so scripts that wait a second after each step only wait longer than they need to.",
    ),
    Difference(
        DAEMON,
        "Durations (`startsecs`, `stopwaitsecs`, the waits between retries) are measured on the monotonic clock: "
        "setting the clock starts, kills and restarts nothing.",
    ),
    Difference(
        DAEMON,
        "A restart (HUP, `reload`) reads the new configuration before it stops anything; if that is broken, a CRIT "
        "line says so and everything runs on. 4.3.0 stops all programs and ends.",
    ),
    Difference(
        DAEMON,
        "On Linux the daemon is two processes: the one of the pid file is the parent of the programs, and "
        "`warden-brain` does everything else, so that the programs outlive it (`keeper=false`: one process). "
        "Grandchildren whose parent has died become children of the first, not of PID 1.",
    ),
    Difference(
        DAEMON,
        "SIGUSR1 lets the installed version take over, and is ignored without a keeper; 4.3.0 dies of it and leaves "
        "its programs without a parent.",
    ),
    Difference(
        DAEMON,
        "Programs that still run from a daemon that was killed are stopped before the first one is started "
        "(`leftovers`); 4.3.0 starts everything a second time. While programs run there is a file "
        "`<pidfile>.programs`.",
    ),
    Difference(
        DAEMON,
        "The command that daemonizes returns when the daemon is ready, or prints why it is not and exits with 2; 4.3.0 "
        "returns at once with 0.",
    ),
    Difference(
        DAEMON,
        "A pid file that is no regular file (`pidfile=/dev/null`) stays; 4.3.0, run as root, removes the device.",
    ),
    Difference(
        DAEMON,
        "A start is refused when the pid file names another living supervisord; 4.3.0 overwrites the file.",
    ),
    Difference(
        DAEMON,
        "Children begin with SIGPIPE and SIGXFSZ at their defaults; 4.3.0 lets them inherit that Python ignores both.",
        {"signals_of_a_child": {"SigIgn": "0000000000000000"}},
    ),
    Difference(
        DAEMON,
        "Of the descriptors of the daemon, children inherit only 0, 1 and 2; 4.3.0 leaks those from `minfds` up.",
    ),
    Difference(
        DAEMON,
        "`umask` applies in the foreground, too (`directory` still does not, as documented); 4.3.0 ignores it there.",
    ),
    Difference(
        DAEMON,
        "Limits are raised before the user is switched, and the message about a limit names the true hard limit.",
    ),
    Difference(
        DAEMON,
        "A socket path that is no socket is an error and never removed; 4.3.0 deletes the file, or tries for ever.",
    ),
    Difference(
        DAEMON,
        "Two servers of one configuration, and all plugins, come up without a name service look-up of the own "
        "host name.",
    ),
    Difference(
        DAEMON,
        "A process whose signal was refused (UNKNOWN) becomes STOPPED or EXITED when it ends; 4.3.0 ends "
        "itself and orphans everything.",
    ),
    Difference(
        DAEMON,
        "With `stopwaitsecs=0` SIGKILL is sent at most once a second; 4.3.0 sends it in every pass of its loop.",
    ),
    Difference(
        DAEMON,
        "A shutdown skips groups that do not run; 4.3.0 waits up to a second for each.",
    ),
    Difference(
        DAEMON,
        "A command is looked for as the kernel would do it: files that cannot be executed are passed over, "
        "and a relative path is seen from `directory`. 4.3.0 takes the first name that exists, seen from its "
        "own directory. The change of directory itself happens before the change of user (4.3.0: after it).",
    ),
    Difference(
        DAEMON,
        "pidproxy ends as its command ends, with its exit status or signal, forwards failures in words and "
        "searches PATH; 4.3.0 always ends with 0, up to five seconds late.",
    ),
    Difference(
        RPC,
        "Questions about what runs are answered while the daemon shuts down or restarts, so that clients can see that "
        "it does; 4.3.0 refuses them with SHUTDOWN_STATE. Everything else is refused as before.",
        {
            "going_down": _each(
                "an answer",
                "supervisor.getAPIVersion",
                "supervisor.getAllProcessInfo",
                "supervisor.getIdentification",
                "supervisor.getPID",
                "supervisor.getProcessInfo",
                "supervisor.getState",
                "supervisor.getSupervisorVersion",
                "supervisor.getVersion",
            ),
            "while_it_shuts_down": {
                "$ supervisorctl status": "slow                             STOPPING  \n",
                "$ supervisorctl pid": "<pid>\n[rc 0]",
                "$ supervisorctl version": "<version>\n[rc 0]",
            },
        },
    ),
    Difference(
        RPC,
        "Arguments of a wrong type are a fault (INCORRECT_PARAMETERS, with the value); 4.3.0 answers HTTP 500.",
        {
            "wrong_types": {
                **_each(
                    "INCORRECT_PARAMETERS",
                    "supervisor.getProcessInfo(1)",
                    "supervisor.getProcessInfo(['web'])",
                    "supervisor.getProcessInfo(None)",
                    "supervisor.startProcess(1)",
                    "supervisor.stopProcess({})",
                    "supervisor.signalProcess('web', ['x'])",
                    "supervisor.readLog('x', 0)",
                    "supervisor.readProcessStdoutLog('web', 'x', 0)",
                    "supervisor.tailProcessStdoutLog('web', 0, 'x')",
                    "supervisor.addProcessGroup(1)",
                    "supervisor.removeProcessGroup(['x'])",
                    "system.multicall(['x'])",
                    "system.multicall('x')",
                    "system.multicall([{'methodName': 1}])",
                ),
            }
        },
    ),
    Difference(
        RPC,
        "Bytes of a log that are no UTF-8 are replaced (U+FFFD); 4.3.0 answers HTTP 500.",
        {
            "undecodable_text": _each(
                "\\ufffd",
                "supervisor.readProcessStdoutLog('p', 1, 0)",
                "supervisor.readProcessStdoutLog('p', 0, 0)",
            )
        },
    ),
    Difference(
        RPC,
        "`tailProcess...Log` returns what is new since the offset when it fits into the length; 4.3.0 returns old "
        "bytes again.",
        {
            "reading_process_logs": {
                "supervisor.tailProcessStdoutLog('ten', 4, 8)": '"456789"',
                "supervisor.tailProcessStdoutLog('ten', 9, 5)": '"9"',
            }
        },
    ),
    Difference(
        RPC,
        "`getAllConfigInfo` also tells `autorestart` (true, false or `unexpected`), and of a log named AUTO the file "
        "that is in use, also after a reread; 4.3.0 forgets it then.",
        {
            "configuration_info": {
                "an AUTO log after reloadConfig": "<home>/plain-stdout---supervisor-<random>.log",
                **_each(
                    "unexpected",
                    *(f"{name} autorestart" for name in ("ear:ear", "pair:one", "plain:plain", "pair:two")),
                ),
                **_each("true", "full:full_3 autorestart", "full:full_4 autorestart"),
            }
        },
    ),
    Difference(
        RPC,
        "Requests that stop many go in descending priority, the order of a shutdown; 4.3.0 takes the order of starts.",
        {
            "many_without_waiting": _each(
                '"name": "w2"',
                "supervisor.stopProcessGroup('worker', False)",
                "supervisor.stopAllProcesses(False)",
            )
        },
    ),
    Difference(
        RPC,
        "Credentials that cannot be decoded are answered with 401; 4.3.0 answers 500.",
        {
            "plain_password": _each('"status": 401', "/RPC2 no colon", "/RPC2 not base64"),
            "sha_password": _each('"status": 401', "/RPC2 no colon", "/RPC2 not base64"),
        },
    ),
    Difference(
        RPC,
        "An action of the page that nobody knows, or that lacks its process, is 400 instead of 500; `/status.html` "
        "leads to the page, which has no links to logs that there are not.",
    ),
    Difference(
        RPC,
        "Empty values (`directory=`) are `none` in `getAllConfigInfo`, as if they were not there; 4.3.0 tells an empty "
        "text.",
    ),
    Difference(
        RPC,
        "HEAD works on all pages (monitors use it), and `/logtail` without a name is 404 instead of 500.",
        {
            "methods_and_paths": {
                **_each('"status": 200', "HEAD /", "HEAD /ok.html"),
                "GET /logtail": '"status": 404',
            }
        },
    ),
    Difference(
        RPC,
        "Pages with the state of processes are not stored by caches (`no-store`).",
        {
            "methods_and_paths": _each(
                "no-cache, no-store",
                "GET /index.html",
                "GET /tail.html?processname=web",
                "GET /tail.html",
                "GET /tail.html?processname=nope",
            )
        },
    ),
    Difference(
        RPC,
        "Texts in answers never break the XML: control characters become U+FFFD, integers are clamped to 32 "
        "bits, nothing is sent for None. Documents with a DTD are refused with 400.",
    ),
    Difference(
        RPC,
        "A malformed element of `system.multicall` costs only its own answer; 4.3.0 answers 500 to all. "
        "Inherited methods of plugins are listed.",
    ),
    Difference(
        RPC,
        "Paths are exact: `/RPC2x` is 404. Empty bodies, bad lengths and request lines without a version are "
        "400; 4.3.0 hangs or answers 500. HTTP/1.1 requests without a Host header are 400, as the standard "
        "says.",
    ),
    Difference(
        RPC,
        "Everything is bounded: 16 KiB for a header line, 16 MiB for a body, 60 seconds for a request, 256 "
        "connections, of which the one silent longest goes first. 4.3.0 has no bounds.",
    ),
    Difference(
        RPC,
        "Requests from a page of another site are refused (403), and a GET that changes something asks first "
        "when a browser sends it; programs such as curl are served as before. Redirects are 303 and relative; "
        "4.3.0 builds them from the client's Host header.",
    ),
    Difference(
        RPC,
        "The page reports failures of restart, restart all and stop all, and offers Stop for processes that "
        "are starting or in backoff; 4.3.0 always claims success.",
    ),
    Difference(
        RPC,
        "Log streams go on after a truncation and start at once on HTTP/1.0; 4.3.0 drops the former and holds "
        "back the latter.",
    ),
    Difference(
        RPC,
        "A read of a log is capped at 64 MiB, `/tail.html` at 1 MiB.",
    ),
    Difference(
        RPC,
        "Of a request that fails inside, only the first bytes of its body are logged: it may hold secrets.",
    ),
    Difference(
        DAEMON,
        "A state file beside the pid file (`pid.state` for `pid`) keeps what is disabled or scaled, and the history of "
        "processes; `statefile=NONE` does without.",
        {"start_and_end_of_a_daemon": _each("pid.state", "files left"), "shut_down": _each("pid.state", "files left")},
    ),
    Difference(
        CTL,
        "`start`, `stop` and `restart` of several names do all at the same time and tell the outcomes in their "
        "order; 4.3.0 waits for each before the next. Where a process is named twice, one goes after the other.",
    ),
    Difference(
        DAEMON,
        "Of those that are stopped together (`stop all`, a group), lower priorities are told to stop when the "
        "higher ones have ended; 4.3.0 tells all at once.",
    ),
    Difference(
        CTL,
        "There are more actions; `help` lists them.",
        {
            "help_for_everything": _each(" why", "$ supervisorctl help"),
            "shell_on_a_pipe": _each(" why", "shell: '? nonsense\\nhelp\\nquit\\n'"),
        },
    ),
    Difference(
        CTL,
        "Names may contain the wildcards `*`, `?` and `[ab]`, and `!name` excepts; a process really called so wins.",
        {
            "words_are_joined_and_parsed_again": {
                "$ supervisorctl status *": "worker:w_00",
                "$ supervisorctl status w*": "worker:w_00",
            }
        },
    ),
    Difference(
        CTL,
        "A one-shot (`startsecs=0`) that ends at once was `started`; 4.3.0 says that or `abnormal termination`, by "
        "luck.",
    ),
    Difference(
        CTL,
        "`start` on a process that is being stopped waits and then starts it; `stop` on it waits for its end. "
        "4.3.0 says `abnormal termination` and `not running` at once.",
        {
            "starting_what_is_stopping": {"$ supervisorctl start slow": "slow: started\n[rc 0]"},
            "stopping_what_is_stopping": {"$ supervisorctl stop slow": "slow: stopped\n[rc 0]"},
        },
    ),
    Difference(
        CTL,
        "`reload NAME...` lets processes read their own configuration again: it sends them their `reload_signal`. "
        "4.3.0 says that `reload` accepts no arguments. Without names it restarts the daemon, as ever.",
        {"wrong_arguments": {"$ supervisorctl reload x": "x: ERROR (no such process)\n[rc 1]"}},
    ),
    Difference(
        CTL,
        "`clear group:*` clears the logs of the group; 4.3.0 looks for a process named None.",
        {"clearing_a_group": {"$ supervisorctl clear worker:*": "worker:w_00: cleared\nworker:w_01: cleared\n[rc 0]"}},
    ),
    Difference(
        CTL,
        "Every action says `no such file` or `refused connection` in one clean line; in 4.3.0 some print an exception. "
        "Exit statuses are the same.",
        {
            "no_socket": {
                f"$ supervisorctl -s unix://<home>/none {action}": "unix://<home>/none no such file\n[rc 1]"
                for action in ("add x", "avail", "reload", "remove x", "reread", "update")
            },
            "refused_connection": {
                f"$ supervisorctl -s unix://<home>/stale {action}": "unix://<home>/stale refused connection\n[rc 1]"
                for action in ("add x", "avail", "reload", "remove x", "reread", "update")
            },
        },
    ),
    Difference(
        CTL,
        "Lines that begin with `error:` name the fault or the reason instead of Python classes, files and line "
        "numbers. Exit statuses are the same.",
        {
            "shell_on_a_pipe": {"$ supervisorctl -i shutdown": "error: end of input\n[rc 1]"},
            "while_it_shuts_down": {
                f"$ supervisorctl {action}": "error: SHUTDOWN_STATE: the server is shutting down or restarting\n[rc 1]"
                for action in ("remove x", "start web", "stop web", "tail web")
            },
        },
    ),
    Difference(
        CTL,
        "Without credentials where some are needed: one line and one request; 4.3.0 tries twice and prints an "
        "exception as well.",
        {
            "credentials": {
                f"$ supervisorctl {line}": "Server requires authentication\n[rc 1]"
                for line in (
                    "status",
                    "-u bob status",
                    "-u bob -p wrong status",
                    "-u  -p  status",
                    "pid",
                    "reread",
                    "avail",
                    "update",
                    "add x",
                    "shutdown",
                )
            }
        },
    ),
    Difference(
        CTL,
        "`update` with a broken file says `ERROR: CANT_REREAD: ...`, as `reread` does.",
        {"update_with_a_broken_file": {"$ supervisorctl update": "ERROR: CANT_REREAD: not a valid boolean value"}},
    ),
    Difference(
        CTL,
        "`tail -f` of what cannot be followed says why on stdout, with exit status 1; 4.3.0 prints a status code on "
        "stderr and exits with 0.",
        {
            "following_over_supervisorctl": {
                "$ supervisorctl tail -f nope": "nope: ERROR (no such process name)\n[rc 1]",
                "$ supervisorctl tail -f none": "none: ERROR (no log file)\n[rc 1]",
                "$ supervisorctl tail -f web:*": "web:*: ERROR (no such process name)\n[rc 1]",
            }
        },
    ),
    Difference(
        CTL,
        "A broken configuration file is the usual two-line error with exit status 2 (4.3.0: a stack trace, 1); an "
        "expansion error does not list the whole environment.",
        {
            "start_up_errors": {
                "$ supervisorctl -c broken.conf status": "Error: Source contains parsing errors: 'broken.conf'",
                "$ supervisorctl -c name.conf status": "contains names ('nothing') which cannot be expanded.\n",
            }
        },
    ),
    Difference(
        CTL,
        "A server URL of an unknown kind is refused at start, with exit status 2; `https://` works.",
        {"start_up_errors": {"$ supervisorctl -s ftp://x status": "Error: Unknown protocol for serverurl ftp://x"}},
    ),
    Difference(
        CTL,
        "`tail -0` prints nothing, `tail --5` is a bad argument; a `tail` of any bytes works and passes them through.",
    ),
    Difference(
        CTL,
        "`update` goes on with the next group when one cannot be stopped or added, and says so; 4.3.0 ends "
        "with an exception.",
    ),
    Difference(
        CTL,
        "`fg` ends at once, also when the process dies; 4.3.0 notices with the next typed line.",
    ),
    Difference(
        CTL,
        "`open` drops the credentials when the host changes; 4.3.0 sends them to the new server.",
    ),
    Difference(
        CTL,
        "`[supervisorctl]` and `[ctlplugin:x]` are found in included files, too. `-r` and `--history-file` "
        "work; a file found by searching may lack the section when `-s` is given.",
    ),
    Difference(
        CTL,
        "Completion offers what fits: groups that can be added after `add`, signal names after `signal`.",
    ),
    Difference(
        CTL,
        "New: `status --json`, `avail --json`, `--version`, coloured states on a terminal (unless NO_COLOR is "
        "set), and SUPERVISOR_USERNAME and SUPERVISOR_PASSWORD below the configuration file.",
    ),
    Difference(
        CTL,
        "Plugins get a controller that is no `cmd.Cmd`; it has `output`, `exitstatus`, `options`, `upcheck`, "
        "`get_supervisor`, `get_server_proxy` and `onecmd`.",
    ),
    Difference(
        LOGS,
        "A lock file beside the AUTO logs tells that their daemon lives, so that another one with the same identifier "
        "does not delete them at its start.",
        {
            "channels": {"files": "lock---supervisor-<random>.log"},
            "automatic_names": {"names": "lock---supervisor-<random>.log"},
            "another_identifier": {"names": "lock---other-<random>.log"},
        },
    ),
    Difference(
        LOGS,
        "Reading a log that is no file, such as /dev/stdout, gives an empty text; 4.3.0 fails.",
        {"log_beside_the_terminal": {"supervisor.readProcessStdoutLog('p', 0, 0)": '"value": ""'}},
    ),
    Difference(
        LOGS,
        "A log that cannot be written never stops a program: up to 1 MiB waits in memory, the trouble and its "
        "end are reported once each, with the number of bytes lost. 4.3.0 prints a stack trace for each write "
        "and loses the data.",
    ),
    Difference(
        LOGS,
        "A slow pipe or terminal as a log makes its program wait instead of the daemon. `maxbytes` on such a "
        "target is ignored with one report; 4.3.0 logs an exception for every write.",
    ),
    Difference(
        LOGS,
        "A log file that was deleted is made anew by a later write; rotated and cleared files keep their mode.",
    ),
    Difference(
        LOGS,
        "Several logs on one path rotate once; in 4.3.0 each rotates them again.",
    ),
    Difference(
        LOGS,
        "A log with more than 20 backups or more than 4 MiB is rotated beside everything else, and its program waits "
        "until that is done; 4.3.0 does nothing else meanwhile.",
    ),
    Difference(
        LOGS,
        "`clear` of a process that does not run empties its logs; 4.3.0 claims so and does nothing.",
    ),
    Difference(
        LOGS,
        "`strip_ansi` takes out complete control sequences of every kind, also when they are cut by a read; "
        "4.3.0 knows 15 final bytes and swallows text after others.",
    ),
    Difference(
        LOGS,
        "syslog gets one record for each line, whatever the reads, and bytes that are not UTF-8 as they are; "
        "4.3.0 cuts lines and loses such bytes.",
    ),
    Difference(
        LOGS,
        "At its start the daemon removes AUTO logs by exact names; a `/` in a name becomes `_`.",
    ),
    Difference(
        EVENTS,
        "A start that somebody asks for counts failed tries from 0; 4.3.0 goes on counting after a stop in BACKOFF.",
        {"lives": {"is stopped in BACKOFF and started again": "from_state:STOPPED tries:0"}},
    ),
    Difference(
        EVENTS,
        "`len` counts bytes, as the manual says, and bytes that are not UTF-8 are sent as they are; 4.3.0 counts "
        "characters and describes such bytes (`Undecodable: ...`). `payload_text=true` in `[eventlistener:x]` gives "
        "that back to listeners that read text.",
    ),
    Difference(
        EVENTS,
        "`payload_facts=true` in `[eventlistener:x]` ends PROCESS_STATE payloads with more words: `exitcode:N` or "
        "`signal:SIGNAME`, `requested:0` or `1` (whether the daemon had sent the stop signal), `cause:WORD` (start, "
        "schedule, dependencies, startsecs, stop, restart, max-age, exit, retry, revive, autorestart, spawn-error, "
        "signal-error, hook, shutdown). Off by default.",
    ),
    Difference(
        EVENTS,
        "A captured message is sent when its end token is complete; 4.3.0 holds back the last 22 bytes until more is "
        "written.",
        {"output": _each("PROCESS_COMMUNICATION_STDOUT", "an empty message", "a long message in pieces")},
    ),
    Difference(
        EVENTS,
        "Of a captured message that is longer than `capture_maxbytes` the last bytes are kept, exactly as many; 4.3.0 "
        "keeps more or fewer, depending on how the program writes.",
        {
            "output": {
                "a message longer than its bound, in one piece": "\\n6789abcdef",
                "a message longer than its bound, in pieces": "\\n" + 14 * "a" + 36 * "b",
            }
        },
    ),
    Difference(
        EVENTS,
        "Captured text is no PROCESS_LOG event, as the manual says; in 4.3.0 it is.",
        {"output": {"a message while output is asked for, too": "PROCESS_COMMUNICATION_STDOUT"}},
    ),
    Difference(
        EVENTS,
        "A pool whose `events` overlap (`EVENT,PROCESS_STATE`) gets each event once, not once for each type.",
        {"overlapping_types": {"how often": "1"}},
    ),
    Difference(
        EVENTS,
        "A rejected event goes back to the pool that rejected it, and is sent again after a pause that grows from 0.1 "
        "to 60 seconds; 4.3.0 also sends it to other pools of the same priority, and at once, for ever.",
        {"rejected_by_one_pool": {"what b hears": "type:once"}},
    ),
    Difference(
        EVENTS,
        "After a burst of overflows, at most once a second, one more line says how many events a pool has lost.",
        {
            "listeners": {
                "an overflow while it is away: what is logged": "lost 3 events (3 since",
                "an overflow of one: what is logged": "lost 2 events (2 since",
            }
        },
    ),
    Difference(
        EVENTS,
        "The word RESULT is checked, `RESULT 0` is acted on at once, and a listener that does not read is given up "
        "(UNKNOWN) when 16 MiB wait for it; 4.3.0 ends, and leaves all programs orphaned, when the pipe is full.",
    ),
    Difference(
        EVENTS,
        "A `[fcgi-program:x]` inside a `[group:y]` gets its socket, too. A socket that cannot be opened is a spawn "
        "error of that program; in 4.3.0 it ends the daemon. A file that is not a stale socket is never removed; our "
        "own socket file is removed with the socket.",
    ),
    Difference(
        EVENTS,
        "A listener whose stdin is closed gets no more events until it is started again; 4.3.0 tries it in every pass.",
    ),
    Difference(
        EVENTS,
        "The debug line `rebuffering event ...` is written for events that come back, not for those that only "
        "wait for a free listener.",
    ),
    Difference(
        EVENTS,
        "Plugins see events through views with the old attributes; `isinstance` works on them, `type()` does "
        "not. What a module subscribes to while it is imported survives restarts.",
    ),
    Difference(
        EVENTS,
        "One plugin instance serves all servers (4.3.0 makes one for each). A factory that fails during a "
        "restart is logged and left out; at the first start it is an error, as in 4.3.0.",
    ),
    Difference(
        EVENTS,
        "supvisors 0.19 does not start (`Could not make supvisors rpc interface`): it subclasses "
        "`ServerOptions` to read the file again and replaces HTTP handlers, pages and `Subprocess.spawn`, "
        "which is ring 3.",
    ),
    Difference(
        EVENTS,
        "`childutils` works with bytes and text streams of Python 3, looks streams up when it is called, and "
        "raises EOFError at the end of input.",
    ),
)


def expected(chapter: str) -> dict[str, str]:
    """Return the observations of a story that differ on purpose, each with the piece of text of our side."""
    return {key: piece for known in KNOWN for key, piece in known.seen.get(chapter, {}).items()}


def page_section() -> str:
    """Return the list as COMPATIBILITY.md has it between its two marks."""
    text = ""
    areas = (CONFIGURATION, DAEMON, EVENTS, RPC, CTL, LOGS)
    for area, known in groupby(sorted(KNOWN, key=lambda d: areas.index(d.area)), key=lambda d: d.area):
        text += f"### {area}\n\n" + "".join(f"- {difference.sentence}\n" for difference in known) + "\n"
    return f"{BEGIN}\n{text}{END}"


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    PAGE.write_text(before + page_section() + after, encoding="utf-8")
