"""The option tables: a row for each option of each section kind.

They drive reading, errors, the sample file and the reference manual.  Rows
stand in the order of the manual; the order of checks is the business of the
modules that read the sections.
"""

from __future__ import annotations

from typing import Any

from warden.config import (
    limit_options,
    log_options,
    operating,
    readers,
    schedule_options,
    stop_options,
    survival,
    vital_options,
    watch_options,
)
from warden.config.client_options import CTLPLUGIN, INCLUDE, SUPERVISORCTL
from warden.config.environment import parse_environment
from warden.config.expand import Names
from warden.config.option import ENV, FILE, INSTANCE, MAIN, PROGRAM, Option, SectionKind, optional, row
from warden.config.restart_options import RESTART_ROWS, STARTRETRIES

# --- [unix_http_server], [inet_http_server]

UNIX_FILE = optional(
    "file", readers.home_path, FILE, "The path of the socket.", example="/tmp/supervisor.sock", required=True
)
UNIX_CHMOD = row("chmod", readers.octal, "0700", ENV, "Mode of the socket.", complaint="Invalid chmod value {value}")
UNIX_CHOWN = optional(
    "chown",
    readers.owner,
    ENV,
    "Owner of the socket.",
    example="nobody:nogroup",
    complaint="Invalid sockchown value {value}",
)
INET_PORT = optional(
    "port",
    readers.inet_address,
    ENV,
    "Address to listen on; without a host or with *, all addresses of this machine.",
    example="127.0.0.1:9001",
    required=True,
)
HTTP_USERNAME = optional(
    "username", readers.text, ENV, "Who may use this server; without it, everybody who reaches it.", example="user"
)
HTTP_PASSWORD = optional(
    "password", readers.text, ENV, "Password in clear text, or {SHA} and its SHA-1 in hexadecimal.", example="123"
)

# --- [supervisord]

LOGFILE = row(
    "logfile",
    readers.activity_log,
    "supervisord.log",
    FILE,
    "The daemon's own log; syslog sends it there.",
    located=True,
)
LOGFILE_MAXBYTES = row(
    "logfile_maxbytes", readers.byte_size, "50MB", FILE, "Size at which the log is rotated; 0 = never."
)
LOGFILE_BACKUPS = row("logfile_backups", readers.integer, "10", FILE, "How many rotated logs are kept; 0 = none.")
LOGLEVEL = row("loglevel", readers.log_level, "info", FILE, "Least level that is written to the log.")
PIDFILE = row("pidfile", readers.path_in_directory, "supervisord.pid", FILE, "Where the pid is written.", located=True)
UMASK = row("umask", readers.octal, "022", FILE, "Mode bits that the daemon takes away from the files it creates.")
NODAEMON = row("nodaemon", readers.boolean, "false", FILE, "Stay in the foreground.")
SILENT = row("silent", readers.boolean, "false", FILE, "In the foreground, do not copy the log to stdout.")
MINFDS = row("minfds", readers.integer, "1024", FILE, "File descriptors that must be available at start.")
MINPROCS = row("minprocs", readers.integer, "200", FILE, "Processes that must be available at start.")
NOCLEANUP = row("nocleanup", readers.boolean, "false", FILE, "Keep the AUTO logs of the previous run.")
CHILDLOGDIR = optional(
    "childlogdir",
    readers.existing_directory,
    FILE,
    "Where AUTO logs are created; without it, the system's directory for temporary files.",
    example="/tmp",
    located=True,
)
USER = optional("user", readers.user, FILE, "Who the daemon becomes when it is started as root.", example="supervisord")
DIRECTORY = optional(
    "directory",
    readers.existing_directory,
    FILE,
    "Where the daemon changes to when it goes to the background.",
    example="/tmp",
    located=True,
)
STRIP_ANSI = row("strip_ansi", readers.boolean, "false", FILE, "Take colour codes out of what programs write.")
ENVIRONMENT = row(
    "environment",
    parse_environment,
    "",
    MAIN,
    "Variables for all programs, also usable as %(ENV_KEY)s below.",
    example='KEY="value"',
)
IDENTIFIER = row("identifier", readers.text, "supervisor", FILE, "Name of this instance in RPC, events and AUTO logs.")

# --- [program:x] and what is built like it

COMMAND = optional(
    "command",
    readers.text,
    INSTANCE,
    "What to run: split like a shell does, but no shell is involved.",
    example="/bin/cat",
    required=True,
)
PROCESS_NAME = row(
    "process_name",
    readers.text,
    "%(program_name)s",
    INSTANCE,
    "Name of each process; needs %(process_num) when numprocs is more than 1.",
    bare=True,
)
NUMPROCS = row("numprocs", readers.integer, "1", PROGRAM, "How many processes of this program.")
NUMPROCS_START = row("numprocs_start", readers.integer, "0", PROGRAM, "The first process_num.")
PRIORITY = row("priority", readers.integer, "999", PROGRAM, "Lower numbers start first and stop last.")
AUTOSTART = row("autostart", readers.boolean, "true", PROGRAM, "Start together with the daemon.")
STARTSECS = row(
    "startsecs", readers.integer, "1", PROGRAM, "Seconds a process must stay up for its start to be a success."
)
AUTORESTART = row(
    "autorestart", readers.autorestart, "unexpected", PROGRAM, "Start again after an exit: unexpected, true or false."
)
EXITCODES = row("exitcodes", readers.exit_codes, "0", PROGRAM, "Exit codes that are expected.")
STOPWAITSECS = row("stopwaitsecs", readers.integer, "10", PROGRAM, "Seconds from the stop signal to SIGKILL.")
STOPASGROUP = row("stopasgroup", readers.boolean, "false", PROGRAM, "Send the stop signal to the process group.")
KILLASGROUP = optional(
    "killasgroup",
    readers.boolean,
    PROGRAM,
    "Send SIGKILL to the process group; without it, the same as stopasgroup.",
    example="false",
)
PROGRAM_USER = optional("user", readers.identity, PROGRAM, "Who the process runs as.", example="nobody")
REDIRECT_STDERR = row("redirect_stderr", readers.boolean, "false", PROGRAM, "Write stderr into stdout's log.")
PROGRAM_ENVIRONMENT = row(
    "environment", parse_environment, "", INSTANCE, "Variables for the process.", example='A="1",B="2"', bare=True
)
PROGRAM_DIRECTORY = optional(
    "directory", readers.text, INSTANCE, "Where the process changes to before it runs.", example="/tmp"
)
PROGRAM_UMASK = optional("umask", readers.octal, PROGRAM, "Mode bits taken away from files it creates.", example="022")
PROGRAM_SERVERURL = row(
    "serverurl", readers.serverurl, "AUTO", PROGRAM, "The SUPERVISOR_SERVER_URL that the process is told."
)


STDOUT, STDERR = log_options.STDOUT, log_options.STDERR

_PROCESS_ROWS: tuple[Option[Any], ...] = (
    *(COMMAND, PROCESS_NAME, NUMPROCS, NUMPROCS_START, PROGRAM_DIRECTORY, PROGRAM_UMASK),
    *(PRIORITY, AUTOSTART, STARTSECS, STARTRETRIES, AUTORESTART, EXITCODES),
    *RESTART_ROWS,
    *(stop_options.STOPSIGNAL, STOPWAITSECS, STOPASGROUP, KILLASGROUP, PROGRAM_USER),
    *stop_options.STOP_ROWS,
    *(REDIRECT_STDERR, *STDOUT, *STDERR, PROGRAM_ENVIRONMENT, PROGRAM_SERVERURL),
    *limit_options.ROWS,
    *vital_options.ROWS,
    *watch_options.ROWS,
    *operating.PROGRAM_ROWS,
)
_PROGRAM_ROWS = (*_PROCESS_ROWS, *schedule_options.ROWS)  # a listener waits for events, not for the clock

# --- [fcgi-program:x]

SOCKET = optional(
    "socket",
    readers.fcgi_address,
    FILE | Names.PROGRAM,
    "The socket that the processes share: unix:///path or tcp://host:port.",
    example="unix:///tmp/fcgi.sock",
    required=True,
    complaint="{error} in [{section}] socket",
)
SOCKET_BACKLOG = optional(
    "socket_backlog", readers.backlog, FILE, "Connections that may wait; without it, the system's limit.", example="128"
)
SOCKET_OWNER = optional(
    "socket_owner",
    readers.owner,
    FILE,
    "Owner of a unix socket.",
    example="nobody:nogroup",
    complaint="Invalid socket_owner value {value}",
)
SOCKET_MODE = optional(
    "socket_mode",
    readers.octal,
    FILE,
    "Mode of a unix socket; without it, 0700.",
    example="0700",
    complaint="Invalid socket_mode value {value}",
)
DEFAULT_SOCKET_MODE = 0o700

# --- [eventlistener:x]

DEFAULT_RESULT_HANDLER = "supervisor.dispatchers:default_handler"

EVENTS = optional(
    "events", readers.upper_words, FILE, "Names of the events it gets, with commas.", example="EVENT", required=True
)
BUFFER_SIZE = row("buffer_size", readers.integer, "10", FILE, "How many events wait when all listeners are busy.")
RESULT_HANDLER = row(
    "result_handler", readers.text, DEFAULT_RESULT_HANDLER, FILE, "module:function that judges a listener's answer."
)
PAYLOAD_FACTS = row(
    "payload_facts",
    readers.boolean,
    "false",
    FILE,
    "End PROCESS_STATE payloads with more words: exitcode or signal, requested, cause.",
)
PAYLOAD_TEXT = row(
    "payload_text", readers.boolean, "false", FILE, "Count characters in len, for listeners that read text, not bytes."
)
POOL_PRIORITY = row("priority", readers.integer, "-1", PROGRAM, "Lower numbers start first and stop last.")

# --- [group:x], [rpcinterface:x]

GROUP_PROGRAMS = row("programs", readers.words, "", FILE, "Names of the programs, with commas.", example="first,second")
GROUP_PRIORITY = row("priority", readers.integer, "999", FILE, "Lower numbers start first and stop last.")

RPC_FACTORY = optional(
    "supervisor.rpcinterface_factory",
    readers.text,
    ENV,
    "module:function that makes the interface; other options are its arguments.",
    example="supervisor.rpcinterface:make_main_rpcinterface",
    required=True,
)
# --- the sections, in the order of the sample file

UNIX_HTTP_SERVER = SectionKind(
    header="unix_http_server",
    doc="The control server on a socket of this machine.",
    options=(UNIX_FILE, UNIX_CHMOD, UNIX_CHOWN, HTTP_USERNAME, HTTP_PASSWORD),
)
INET_HTTP_SERVER = SectionKind(
    header="inet_http_server",
    doc="The control server and web page on TCP: not encrypted, for trusted networks only.",
    options=(INET_PORT, HTTP_USERNAME, HTTP_PASSWORD),
)
SUPERVISORD = SectionKind(
    header="supervisord",
    doc="The daemon itself.",
    options=(
        *(LOGFILE, LOGFILE_MAXBYTES, LOGFILE_BACKUPS, LOGLEVEL, PIDFILE, NODAEMON, SILENT, MINFDS, MINPROCS),
        *(UMASK, USER, IDENTIFIER, DIRECTORY, NOCLEANUP, CHILDLOGDIR, ENVIRONMENT, STRIP_ANSI),
        *log_options.MAIN_ROWS,
        *limit_options.MAIN_ROWS,
        *operating.SUPERVISORD_ROWS,
        *survival.ROWS,
    ),
    repeatable=False,
)
RPCINTERFACE = SectionKind(
    header="rpcinterface:",
    doc="What can be called over XML-RPC; supervisorctl and the web page need rpcinterface:supervisor.",
    options=(RPC_FACTORY,),
    open=True,
)
PROGRAM_SECTION = SectionKind(header="program:", doc="One program and its processes.", options=_PROGRAM_ROWS)
FCGI_PROGRAM = SectionKind(
    header="fcgi-program:",
    doc="A program whose processes share a listening socket as their stdin.",
    options=(*_PROGRAM_ROWS, SOCKET, SOCKET_BACKLOG, SOCKET_OWNER, SOCKET_MODE),
)
EVENTLISTENER = SectionKind(
    header="eventlistener:",
    doc="A program that is told about events on its stdin.",
    options=(
        *(POOL_PRIORITY if option is PRIORITY else option for option in _PROCESS_ROWS),
        *(EVENTS, BUFFER_SIZE, RESULT_HANDLER, PAYLOAD_FACTS, PAYLOAD_TEXT),
    ),
)
GROUP = SectionKind(
    header="group:",
    doc="Programs that are started and stopped together.",
    options=(GROUP_PROGRAMS, GROUP_PRIORITY, vital_options.GROUP_DEPENDS_ON),
)
SECTION_KINDS = (
    *(UNIX_HTTP_SERVER, INET_HTTP_SERVER, SUPERVISORD, RPCINTERFACE, SUPERVISORCTL, CTLPLUGIN),
    *(PROGRAM_SECTION, FCGI_PROGRAM, EVENTLISTENER, GROUP, INCLUDE),
)
