"""Small configurations that are wrong in every way of the catalogue, or otherwise interesting, for both programs.

All of them end with an error before anything is started: those that are
otherwise good name a user that does not exist, which is checked last of all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Case(NamedTuple):
    """One configuration file, more arguments of supervisord, and files beside the configuration file.

    Lone surrogates in ``text`` stand for bytes that are no UTF-8 (write with ``errors="surrogateescape"``).
    Newlines are to be written as they are.
    """

    name: str
    text: str
    argv: tuple[str, ...] = ()
    files: Mapping[str, str] = {}


INCLUDED = {
    "a.ini": "[program:inc]\ncommand=%(here)s\nautostart=z\n",
    "bad.ini": "[program:inc]\nfoo\n",
    "x.ini": "[program:x]\nautostart=z\n",
    "one.txt": "[inet_http_server]\nport=%(here)s\n",
    "main.ini": "[supervisord]\nuser=nono\n",
    "sub/here.ini": "[program:h]\ncommand=x\nstdout_logfile=%(here)s/no/x\n",
    "rec.ini": "[include]\nfiles=a.ini\n",
}

CASES = (
    Case("ini: empty file", ""),
    Case("ini: no section header", "x=1\n[supervisord]\n"),
    Case("ini: unclosed header", "[supervisord\n"),
    Case("ini: only another section", "[sup]\n"),
    Case("ini: indented first line", "  x=1"),
    Case("ini: unparsable lines", "[supervisord]\nfoo\nbar\n=x\n[]\n"),
    Case("ini: CRLF", "[supervisord]\r\nfoo\r\nbar='\r\n x"),
    Case("ini: CR", "[supervisord]\rfoo\rbar"),
    Case("ini: no newline at the end", "[supervisord]\nfoo"),
    Case("ini: rem is no comment", "[supervisord]\nrem x\n"),
    Case("ini: many bad lines", "[supervisord]\nbad\nbad\nbad\nbad\nbad\nbad\nbad\nbad\nbad\nbad\nbad\nbad\n"),
    Case("ini: continuation after a bad line", "[supervisord]\na=1\nfoo\n bar\nbaz\n"),
    Case("ini: empty name", "[supervisord]\n=x\n y=1\n"),
    Case("ini: empty name with a colon", "[supervisord]\n: x\n"),
    Case("ini: continued value", "[supervisord]\nuser=nono\n x\n"),
    Case("ini: value begins on the next line", "[supervisord]\nuser=\n  nono"),
    Case("ini: blank line inside a value", "[supervisord]\nuser=a\n\n # c\n b\n\n"),
    Case("ini: comment inside a value", "[supervisord]\nuser=a\n ; c\n b\n"),
    Case("ini: header that reads as continuation", "[supervisord]\nuser=a\n  [program:x]\n"),
    Case("ini: indented header", " [supervisord]\n user=nono"),
    Case("ini: text after the header", "[supervisord] ; x ]\nuser=nono"),
    Case("ini: last bracket counts", "[supervisord] trailing ] x\nuser=1\n"),
    Case("ini: colon delimiter", "[supervisord]\nuser:nono=x"),
    Case("ini: first delimiter counts", "[supervisord]\nuser = a:b\n"),
    Case("ini: option names in any case", "[supervisord]\nUSER=nono"),
    Case("ini: section names are case-sensitive", "[Supervisord]\nuser=x\n"),
    Case("ini: inline semicolon", "[supervisord]\nuser=a ;b\n"),
    Case("ini: inline hash", "[supervisord]\nuser=a # b ; c\n"),
    Case("ini: no comment inside a word", "[supervisord]\nuser=a;b#c\n"),
    Case("ini: comment makes an empty value", "[supervisord]\nuser= ;x\n"),
    Case("ini: semicolon after the delimiter", "[supervisord]\nuser=;x\n"),
    Case("ini: quotes do not protect", "[supervisord]\nuser='a ;b'\n"),
    Case("ini: tab before a comment", "[supervisord]\nuser=a\t;b\n"),
    Case("ini: quotes stay", "[supervisord]\nuser='a'\n"),
    Case("ini: last duplicate wins", "[supervisord]\nuser=a\nuser=b\n"),
    Case("ini: sections merge", "[supervisord]\nuser=a\n[x]\n[supervisord]\nuser=b\n"),
    Case("ini: DEFAULT", "[DEFAULT]\nautostart=z\n[supervisord]\n[program:x]\ncommand=cat\n"),
    Case("ini: DEFAULT reaches supervisord", "[DEFAULT]\nminfds=z\n[supervisord]\n"),
    Case("ini: own value before DEFAULT", "[DEFAULT]\nminfds=z\n[supervisord]\nminfds=5\nuser=nono\n"),
    Case("ini: DEFAULT after", "[supervisord]\n[DEFAULT]\nminfds=z\n"),
    Case("ini: unknown section and option", "[a]\nb=%(c\n[supervisord]\nx=%(bad\nuser=nono"),
    Case("ini: not ASCII", "[supervisord]\nuser=ü\n"),
    Case("ini: form feed is no line end", "[supervisord]\nuser=a\x0cb\n"),
    Case("ini: header inside the brackets", "[]]\n[supervisord]\nuser=x\n"),
    Case("ini: blank header", "[ ]\n[supervisord]\nuser=x\n"),
    Case("ini: undecodable byte", "[supervisord]\nx=\udcff\udcfe\n"),
    Case("supervisord: loglevel warning", "[supervisord]\nloglevel=warning\n"),
    Case("supervisord: order minfds loglevel", "[supervisord]\nloglevel=warning\nminfds=x\n"),
    Case("supervisord: order minprocs umask", "[supervisord]\nminprocs=1_0\numask=z\n"),
    Case("supervisord: order logfile loglevel", "[supervisord]\nloglevel=WARNX\nlogfile=/nono/x\n"),
    Case("supervisord: logfile_backups", "[supervisord]\nlogfile_maxbytes=1 kb \nlogfile_backups=z\n"),
    Case("supervisord: empty loglevel", "[supervisord]\nloglevel=\n"),
    Case("supervisord: childlogdir", "[supervisord]\nchildlogdir=/nono\n"),
    Case("supervisord: empty childlogdir", "[supervisord]\nchildlogdir=\n"),
    Case("supervisord: pidfile", "[supervisord]\npidfile=/nono/x\n"),
    Case("supervisord: nocleanup", "[supervisord]\nnocleanup=x\n"),
    Case("supervisord: strip_ansi", "[supervisord]\nstrip_ansi=x\n"),
    Case("supervisord: order nodaemon silent", "[supervisord]\nsilent=x\nnodaemon=y\n"),
    Case("supervisord: empty user", "[supervisord]\nuser=\n"),
    Case("supervisord: user by number", "[supervisord]\nuser=99999\n"),
    Case("supervisord: user number too large", "[supervisord]\nuser=99999999999999999999\n"),
    Case("supervisord: negative user", "[supervisord]\nuser=-7\n"),
    Case("supervisord: empty directory", "[supervisord]\ndirectory=\n"),
    Case("supervisord: directory", "[supervisord]\ndirectory=nono\n"),
    Case("supervisord: logfile SYSLOG", "[supervisord]\nlogfile=SYSLOG\nuser=nono\n"),
    Case("supervisord: mb alone", "[supervisord]\nlogfile_maxbytes=mb\n"),
    Case("supervisord: size with M", "[supervisord]\nlogfile_maxbytes=5 M\n"),
    Case("supervisord: size with two suffixes", "[supervisord]\nlogfile_maxbytes=5MBB\n"),
    Case("supervisord: size with a fraction", "[supervisord]\nlogfile_maxbytes=1.5MB\n"),
    Case("supervisord: size with TB", "[supervisord]\nlogfile_maxbytes=1TB\n"),
    Case("supervisord: empty size", "[supervisord]\nlogfile_maxbytes=\n"),
    Case("supervisord: empty boolean", "[supervisord]\nnodaemon= \n"),
    Case("supervisord: umask 08", "[supervisord]\numask=08\n"),
    Case("supervisord: negative umask", "[supervisord]\numask=-1\nloglevel=x\n"),
    Case("supervisord: negative limits", "[supervisord]\nminfds=-1\nminprocs=-5\nloglevel=x\n"),
    Case(
        "supervisord: odd numbers",
        "[supervisord]\nminfds=1_0\numask= 0o22 \nlogfile_maxbytes=1_0kb\nlogfile_backups=٣\nloglevel=x\n",
    ),
    Case("supervisord: hexadecimal", "[supervisord]\nminfds=0x10\n"),
    Case("supervisord: float", "[supervisord]\nminfds=1.0\n"),
    Case("supervisord: size in gB", "[supervisord]\nlogfile_maxbytes=5 gB\nloglevel=\n"),
    Case("supervisord: user is expanded after directory", "[supervisord]\nuser=%(x)s\ndirectory=/nono\n"),
    Case("supervisord: user is expanded before umask", "[supervisord]\nuser=%(x)s\numask=z\n"),
    Case("supervisord: user is checked last", "[supervisord]\nuser=nono\n[unix_http_server]\n"),
    Case("supervisord: profile_options is ignored", "[supervisord]\nprofile_options=zz\nuser=nono\n"),
    Case("expansion: unknown name", "[supervisord]\nidentifier=%(x)s\n"),
    Case("expansion: number for text", "[supervisord]\nidentifier=%(here)d\n"),
    Case("expansion: missing parenthesis", "[supervisord]\nidentifier=%(here\n"),
    Case("expansion: lone percent", "[supervisord]\nidentifier=%\n"),
    Case("expansion: percent at the end", "[supervisord]\nidentifier=100%\n"),
    Case("expansion: bad letter", "[supervisord]\nidentifier=%y\n"),
    Case("expansion: nameless d", "[supervisord]\nidentifier=%d\n"),
    Case("expansion: no letter", "[supervisord]\nidentifier=%(here)\n"),
    Case("expansion: star", "[supervisord]\nidentifier=%(here)*d\n"),
    Case("expansion: letter not ASCII", "[supervisord]\nidentifier=%(here)é\n"),
    Case("expansion: width too big", "[supervisord]\nidentifier=%(here)999999999999999999999s\n"),
    Case("expansion: empty name", "[supervisord]\nidentifier=%()s\n"),
    Case("expansion: c", "[supervisord]\nidentifier=%(here)c\n"),
    Case("expansion: percent after a name", "[supervisord]\nidentifier=%(here)%\n"),
    Case("expansion: two nameless s", "[supervisord]\nidentifier=%s%s\n"),
    Case("expansion: width", "[supervisord]\nlogfile=%(here)s/no/%(here)2s\n"),
    Case("expansion: here", "[supervisord]\ndirectory=%(here)s/nono\n"),
    Case("expansion: doubled percent", "[supervisord]\ndirectory=/no%%no\n"),
    Case("expansion: ENV", "[supervisord]\ndirectory=%(ENV_HOME)s/nono\n"),
    Case("expansion: unknown ENV", "[supervisord]\ndirectory=%(ENV_NONO)s\n"),
    Case("expansion: not expanded twice", "[supervisord]\nidentifier=%%(foo)s\nuser=nono\n"),
    Case("expansion: host_node_name is not for supervisord", "[supervisord]\nidentifier=%(host_node_name)s\n"),
    Case("expansion: environment unknown name", "[supervisord]\nenvironment=A=%(foo)s\n"),
    Case("expansion: environment not for its own section", "[supervisord]\nenvironment=A=1\nuser=%(ENV_A)s\n"),
    Case(
        "expansion: environment for later sections",
        "[supervisord]\nenvironment=A=nono\n[inet_http_server]\nport=%(ENV_A)s\n",
    ),
    Case("expansion: environment not closed", "[supervisord]\nenvironment=A='1\n"),
    Case("expansion: environment without a value", "[supervisord]\nenvironment=A\n"),
    Case("expansion: options nobody reads", "[supervisord]\nfoo=%(bar)d %\nuser=nono\n"),
    Case("expansion: boolean", "[supervisord]\nnodaemon=%(here)s\n"),
    Case("program: stopsignal name", "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nstopsignal=foo\n"),
    Case("program: stopsignal number", "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nstopsignal=99\n"),
    Case("program: stopsignal with SIG", "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nstopsignal=sigFoo \n"),
    Case("program: stopsignal negative", "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nstopsignal=-1\n"),
    Case("program: stopsignal empty", "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nstopsignal=\n"),
    Case("program: stopsignal float", "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nstopsignal=1.5\n"),
    Case("program: stopsignal RTMIN", "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nstopsignal=RTMIN\n"),
    Case(
        "program: stopsignal lower case",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nstopsignal=kill\nuser=nono\n",
    ),
    Case("program: priority", "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\npriority=x\n"),
    Case("program: empty command", "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\ncommand=\n"),
    Case("program: autostart", "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nautostart= maybe\n"),
    Case("program: autorestart", "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nautorestart=Maybe\n"),
    Case("program: startsecs", "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nstartsecs=1.5\n"),
    Case("program: startretries", "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nstartretries=x\n"),
    Case("program: stopwaitsecs empty", "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nstopwaitsecs=\n"),
    Case(
        "program: inline comments",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nstartsecs=1 # foo\nautostart=1 ;x\nstopwaitsecs=z\n",
    ),
    Case("program: exitcodes trailing comma", "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nexitcodes=0,\n"),
    Case("program: exitcodes 256", "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nexitcodes=256\n"),
    Case("program: exitcodes letter", "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nexitcodes=a\n"),
    Case("program: exitcodes empty", "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nexitcodes=\n"),
    Case("program: exitcodes negative", "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nexitcodes=-1\n"),
    Case(
        "program: exitcodes blanks",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nexitcodes= 1 , 2 \nnumprocs=z\n",
    ),
    Case("program: umask", "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\numask=9\n"),
    Case("program: umask empty", "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\numask=\n"),
    Case("program: user empty", "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nuser=\n"),
    Case("program: user number", "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nuser=99999\n"),
    Case(
        "program: stopasgroup", "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nstopasgroup=y\nkillasgroup=x\n"
    ),
    Case(
        "program: killasgroup",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nkillasgroup=x\nserverurl=%(x)s\n",
    ),
    Case(
        "program: stopasgroup without killasgroup",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nstopasgroup=true\nkillasgroup=false\n",
    ),
    Case("program: numprocs", "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nnumprocs=z\n"),
    Case("program: numprocs_start", "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nnumprocs_start=z\n"),
    Case(
        "program: redirect_stderr before numprocs_start",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nnumprocs_start=z\nredirect_stderr=y\n",
    ),
    Case(
        "program: numprocs without process_num", "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nnumprocs=2\n"
    ),
    Case(
        "program: numprocs zero",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nnumprocs=0\nprocess_name=%(process_num)s\ncommand=%(x)s\n",
    ),
    Case(
        "program: numprocs negative",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nnumprocs=-1\nstdout_logfile=/nono/x\n",
    ),
    Case(
        "program: process_num doubled percent",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nnumprocs=2\nprocess_name=a%(process_num)d%%(x)s\n",
    ),
    Case(
        "program: capture before events",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nstdout_capture_maxbytes=-1zz\nstdout_events_enabled=z\n",
    ),
    Case(
        "program: stdout before stderr",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nstdout_events_enabled=z\nstderr_capture_maxbytes=z\n",
    ),
    Case("program: stderr events", "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nstderr_events_enabled=2\n"),
    Case(
        "program: serverurl before user",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nserverurl=%(x)s\nuser=z\n",
    ),
    Case(
        "program: serverurl before umask",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nserverurl=%(x)s\numask=z\n",
    ),
    Case(
        "program: serverurl after events",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nserverurl=%(x)s\nstdout_events_enabled=z\n",
    ),
    Case(
        "program: process_name with a blank",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nprocess_name=a b\n",
    ),
    Case(
        "program: process_name with a colon",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nprocess_name=a:b\n",
    ),
    Case(
        "program: process_name with a slash",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nprocess_name=%(ENV_Q)s/\n",
    ),
    Case(
        "program: process_name unknown name",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nprocess_name=%(foo)s\n",
    ),
    Case(
        "program: process_name numprocs stopasgroup",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nprocess_name=%(x)s\nstopasgroup=true\nkillasgroup=off\nnumprocs=2\n",
    ),
    Case(
        "program: umask before process_name",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\numask=z\nprocess_name=a b\n",
    ),
    Case(
        "program: command before the final process_name",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nprocess_name=%(z)s\ncommand=%(y)s\n",
    ),
    Case(
        "program: environment before directory",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\ndirectory=%(z)s\nenvironment=A='%(x)s'\n",
    ),
    Case(
        "program: directory before logs",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\ndirectory=%(x)s\nstderr_logfile=/nono/x\n",
    ),
    Case(
        "program: stdout_logfile",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nstdout_logfile=/nono/x\nstdout_logfile_maxbytes=a\n",
    ),
    Case(
        "program: stdout_logfile expansion",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nstdout_logfile=%(foo)s\n",
    ),
    Case(
        "program: stdout_logfile with process_num",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nstdout_logfile=/nonono/%(process_num)s\n",
    ),
    Case(
        "program: logfile_backups before maxbytes",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nstdout_logfile_maxbytes=a\nstdout_logfile_backups=b\n",
    ),
    Case(
        "program: logfile_maxbytes before syslog",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nstdout_logfile_maxbytes=a\nstdout_syslog=c\n",
    ),
    Case(
        "program: logfile_backups before syslog",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nstdout_logfile_backups=b\nstdout_syslog=c\n",
    ),
    Case(
        "program: stdout log before stderr log",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nstdout_syslog=c\nstderr_logfile=/nono/x\n",
    ),
    Case(
        "program: stderr log before command",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nstderr_logfile=%(x)s\ncommand=%(z)s\n",
    ),
    Case(
        "program: process_num not for startsecs",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nstartsecs=%(process_num)s\n",
    ),
    Case(
        "program: host_node_name",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nnumprocs=%(host_node_name)s_\n",
    ),
    Case(
        "program: own environment",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\ncommand=%(ENV_A)s %(q)s\nenvironment=A=1\n",
    ),
    Case(
        "program: own environment not for itself",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nenvironment=A=1,B=%(ENV_A)s\n",
    ),
    Case(
        "program: environment two values",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nenvironment=A=1,,B=2\n",
    ),
    Case("program: environment comma", "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nenvironment=,\n"),
    Case(
        "program: environment quoted key",
        '[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nenvironment="A"=1,B\n',
    ),
    Case(
        "program: environment escaped quote",
        '[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nenvironment=A="x\\"y",B\n',
    ),
    Case(
        "program: environment comment",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nenvironment=A=1 #x\n ,B\n",
    ),
    Case("program: environment open quote", "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nenvironment=A='\n"),
    Case(
        "program: environment lines",
        '[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nenvironment=A=1,\n B="x\n  y",\n',
    ),
    Case(
        "program: environment semicolon",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nenvironment=A=1;B=2,C\n",
    ),
    Case(
        "program: environment dollar", "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nenvironment=A=$HOME,B\n"
    ),
    Case(
        "program: environment process_num",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nnumprocs=2\nprocess_name=%(process_num)d\nenvironment=A=%(process_num)s,B\n",
    ),
    Case("program: environment no value", "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nenvironment=A=\n"),
    Case(
        "program: environment starts with a sign",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nenvironment==1\n",
    ),
    Case("program: fcgi option", "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\nsocket=foo\nautostart=z\n"),
    Case("sections: no command", "[supervisord]\nuser=nosuchu\n[program:x]\n"),
    Case("sections: no command, bad log", "[supervisord]\nuser=nosuchu\n[program:x]\nstderr_logfile_maxbytes=1.5MB\n"),
    Case("sections: program name with blanks", "[supervisord]\nuser=nosuchu\n[program: x y ]\ncommand=cat\n"),
    Case("sections: program name with a colon", "[supervisord]\nuser=nosuchu\n[program:a:b]\ncommand=cat\n"),
    Case("sections: program name with all", "[supervisord]\nuser=nosuchu\n[program:a/b c:]\ncommand=c\n"),
    Case(
        "sections: program name before priority",
        "[supervisord]\nuser=nosuchu\n[program:x y]\ncommand=cat\npriority=z\n",
    ),
    Case("sections: group name", "[supervisord]\nuser=nosuchu\n[group:a/b]\nprograms=x\n"),
    Case(
        "sections: group name before priority", "[supervisord]\nuser=nosuchu\n[group:a b]\npriority=z\nprograms=%(x)s\n"
    ),
    Case(
        "sections: group programs before priority",
        "[supervisord]\nuser=nosuchu\n[group:ab]\npriority=z\nprograms=%(x)s\n",
    ),
    Case(
        "sections: group priority",
        "[supervisord]\nuser=nosuchu\n[group:g]\nprograms=x,y\npriority=z\n[program:x]\ncommand=cat\nautostart=z\n",
    ),
    Case(
        "sections: members in order",
        "[supervisord]\nuser=nosuchu\n[group:g]\nprograms=x,y\n[program:x]\ncommand=cat\nautostart=z\n",
    ),
    Case("sections: unknown member", "[supervisord]\nuser=nosuchu\n[group:g]\nprograms=y\n[program:x]\ncommand=cat\n"),
    Case(
        "sections: unknown second member",
        "[supervisord]\nuser=nosuchu\n[group:g]\nprograms=x,y\n[program:x]\ncommand=cat\n",
    ),
    Case("sections: empty member", "[supervisord]\nuser=nosuchu\n[group:g]\nprograms=x,\n[program:x]\ncommand=cat\n"),
    Case(
        "sections: ambiguous member",
        "[supervisord]\nuser=nosuchu\n[group:g]\nprograms=x\n[program:x]\ncommand=cat\n[fcgi-program:x]\ncommand=cat\n",
    ),
    Case(
        "sections: priority of a member",
        "[supervisord]\nuser=nosuchu\n[group:g]\nprograms=x\n[program:x]\ncommand=cat\npriority=z\n",
    ),
    Case(
        "sections: listener as member",
        "[supervisord]\nuser=nosuchu\n[group:g]\nprograms=x\n[eventlistener:x]\ncommand=cat\n",
    ),
    Case("sections: empty group", "[supervisord]\nuser=nosuchu\n[group:g]\n"),
    Case(
        "sections: bad name of a member",
        "[supervisord]\nuser=nosuchu\n[group:g]\nprograms=a/b\n[program:a/b]\ncommand=x\n",
    ),
    Case(
        "sections: blanks in the header of a member",
        "[supervisord]\nuser=nosuchu\n[group:g]\nprograms=ab\n[program: ab ]\ncommand=x\n",
    ),
    Case(
        "sections: groups in file order", "[supervisord]\nuser=nosuchu\n[group:b]\nprograms=x\n[group:a]\nprograms=y\n"
    ),
    Case("sections: programs in file order", "[supervisord]\nuser=nosuchu\n[program:b]\n[program:a]\n"),
    Case(
        "sections: rpcinterfaces first",
        "[supervisord]\nuser=nosuchu\n[program:b]\n[group:e]\nprograms=q\n[rpcinterface:x]\n",
    ),
    Case("sections: listeners before fcgi", "[supervisord]\nuser=nosuchu\n[fcgi-program:d]\n[eventlistener:c]\n"),
    Case("sections: programs before listeners", "[supervisord]\nuser=nosuchu\n[eventlistener:c]\n[program:b]\n"),
    Case("sections: fcgi before servers", "[supervisord]\nuser=nosuchu\n[inet_http_server]\n[fcgi-program:d]\n"),
    Case(
        "sections: inet before unix", "[supervisord]\nuser=nosuchu\n[unix_http_server:z]\n[inet_http_serverx]\nport=z\n"
    ),
    Case(
        "sections: a program in two groups",
        "[supervisord]\nuser=nosuchu\n[group:g]\nprograms=x\n[group:h]\nprograms=x,z\n[program:x]\ncommand=y\n",
    ),
    Case(
        "sections: twice in one group", "[supervisord]\nuser=nosuchu\n[group:g]\nprograms=x,x\n[program:x]\ncommand=y\n"
    ),
    Case(
        "sections: fcgi member",
        "[supervisord]\nuser=nosuchu\n[group:g]\nprograms=f\n[fcgi-program:f]\ncommand=x\nsocket=unix:///tmp/x\npriority=z\n",
    ),
    Case(
        "sections: priority of a grouped program is not read alone",
        "[supervisord]\nuser=nosuchu\n[group:g]\nprograms=x\n[program:x]\ncommand=y\npriority=%(program_name)s\n",
    ),
    Case(
        "fcgi: priority first",
        "[supervisord]\nuser=nosuchu\n[fcgi-program:f]\ncommand=cat\nsocket=foo\nsocket_mode=999\nuser=nono\npriority=p\nautostart=maybe\n",
    ),
    Case(
        "fcgi: user second",
        "[supervisord]\nuser=nosuchu\n[fcgi-program:f]\ncommand=cat\nsocket=foo\nsocket_mode=999\nsocket_backlog=0\nuser=nono\nautostart=maybe\n",
    ),
    Case(
        "fcgi: backlog",
        "[supervisord]\nuser=nosuchu\n[fcgi-program:f]\ncommand=cat\nsocket=foo\nsocket_mode=999\nsocket_backlog=0\nsocket_owner=nobd\n",
    ),
    Case(
        "fcgi: owner",
        "[supervisord]\nuser=nosuchu\n[fcgi-program:f]\ncommand=cat\nsocket=foo\nsocket_mode=999\nsocket_owner=nobd\n",
    ),
    Case(
        "fcgi: mode",
        "[supervisord]\nuser=nosuchu\n[fcgi-program:f]\ncommand=cat\nsocket=foo\nsocket_mode=999\nautostart=maybe\n",
    ),
    Case("fcgi: no socket", "[supervisord]\nuser=nosuchu\n[fcgi-program:f]\ncommand=cat\nautostart=maybe\n"),
    Case("fcgi: empty socket", "[supervisord]\nuser=nosuchu\n[fcgi-program:f]\ncommand=cat\nsocket=\n"),
    Case(
        "fcgi: mode with a good socket",
        "[supervisord]\nuser=nosuchu\n[fcgi-program:f]\ncommand=cat\nsocket=unix:///tmp/x\nsocket_mode=0o700\nautostart=z\n",
    ),
    Case("fcgi: port 0", "[supervisord]\nuser=nosuchu\n[fcgi-program:f]\ncommand=cat\nsocket=tcp://h:0\n"),
    Case("fcgi: port too high", "[supervisord]\nuser=nosuchu\n[fcgi-program:f]\ncommand=cat\nsocket=tcp://h:70000\n"),
    Case(
        "fcgi: mode with tcp",
        "[supervisord]\nuser=nosuchu\n[fcgi-program:f]\ncommand=cat\nsocket=tcp://h:80\nsocket_mode=0700\n",
    ),
    Case(
        "fcgi: owner with tcp",
        "[supervisord]\nuser=nosuchu\n[fcgi-program:f]\ncommand=cat\nsocket=tcp://h:80\nsocket_owner=root\n",
    ),
    Case(
        "fcgi: backlog too high",
        "[supervisord]\nuser=nosuchu\n[fcgi-program:f]\ncommand=cat\nsocket=tcp://h:80\nsocket_backlog=70000\n",
    ),
    Case(
        "fcgi: backlog letter",
        "[supervisord]\nuser=nosuchu\n[fcgi-program:f]\ncommand=cat\nsocket=tcp://h:80\nsocket_backlog=x\n",
    ),
    Case(
        "fcgi: owner with two colons",
        "[supervisord]\nuser=nosuchu\n[fcgi-program:f]\ncommand=cat\nsocket=foo\nsocket_owner=root:x:y\n",
    ),
    Case(
        "fcgi: group_name not for socket",
        "[supervisord]\nuser=nosuchu\n[fcgi-program:f]\ncommand=cat\nsocket=%(group_name)s\n",
    ),
    Case(
        "fcgi: program_name not for mode",
        "[supervisord]\nuser=nosuchu\n[fcgi-program:f]\ncommand=cat\nsocket=tcp://h:1\nsocket_mode=%(program_name)s\n",
    ),
    Case(
        "fcgi: process_num not for socket",
        "[supervisord]\nuser=nosuchu\n[fcgi-program:f]\ncommand=cat\nsocket=tcp://%(process_num)s:1\n",
    ),
    Case(
        "fcgi: path with a blank",
        "[supervisord]\nuser=nosuchu\n[fcgi-program:f]\ncommand=cat\nsocket=unix:///tmp/x y\n",
    ),
    Case(
        "fcgi: program_name in socket",
        "[supervisord]\nuser=nosuchu\n[fcgi-program:f]\ncommand=cat\nsocket=unix:///tmp/%(program_name)s\nautostart=z\n",
    ),
    Case("fcgi: bad format", "[supervisord]\nuser=nosuchu\n[fcgi-program:f]\ncommand=cat\nsocket=foo\n"),
    Case("fcgi: relative path", "[supervisord]\nuser=nosuchu\n[fcgi-program:f]\ncommand=cat\nsocket=unix://rel/x\n"),
    Case("fcgi: tcp without port", "[supervisord]\nuser=nosuchu\n[fcgi-program:f]\ncommand=cat\nsocket=tcp://h\n"),
    Case("fcgi: tcp without host", "[supervisord]\nuser=nosuchu\n[fcgi-program:f]\ncommand=cat\nsocket=tcp://:80\n"),
    Case("fcgi: tcp with path", "[supervisord]\nuser=nosuchu\n[fcgi-program:f]\ncommand=cat\nsocket=tcp://h:80/x\n"),
    Case(
        "fcgi: upper case scheme", "[supervisord]\nuser=nosuchu\n[fcgi-program:f]\ncommand=cat\nsocket=UNIX:///tmp/x\n"
    ),
    Case("fcgi: no path", "[supervisord]\nuser=nosuchu\n[fcgi-program:f]\ncommand=cat\nsocket=unix://\n"),
    Case("fcgi: name", "[supervisord]\nuser=nosuchu\n[fcgi-program:f f]\ncommand=cat\nautostart=maybe\npriority=x\n"),
    Case(
        "listener: priority first",
        "[supervisord]\nuser=nosuchu\n[eventlistener:e]\ncommand=cat\npriority=x\nbuffer_size=0\n",
    ),
    Case(
        "listener: buffer_size zero",
        "[supervisord]\nuser=nosuchu\n[eventlistener:e]\ncommand=cat\nbuffer_size=0\nresult_handler=foo\n",
    ),
    Case(
        "listener: buffer_size letter",
        "[supervisord]\nuser=nosuchu\n[eventlistener:e]\ncommand=cat\nbuffer_size=x\nevents=EVENT\n",
    ),
    Case("listener: no events", "[supervisord]\nuser=nosuchu\n[eventlistener:e]\ncommand=cat\nredirect_stderr=true\n"),
    Case("listener: empty events", "[supervisord]\nuser=nosuchu\n[eventlistener:e]\ncommand=cat\nevents=\n"),
    Case(
        "listener: unknown event",
        "[supervisord]\nuser=nosuchu\n[eventlistener:e]\ncommand=cat\nevents=FOO\nredirect_stderr=true\n",
    ),
    Case(
        "listener: lower-case event", "[supervisord]\nuser=nosuchu\n[eventlistener:e]\ncommand=cat\nevents=tick_5,foo\n"
    ),
    Case("listener: trailing comma", "[supervisord]\nuser=nosuchu\n[eventlistener:e]\ncommand=cat\nevents=EVENT,\n"),
    Case(
        "listener: redirect_stderr",
        "[supervisord]\nuser=nosuchu\n[eventlistener:e]\ncommand=cat\nevents=EVENT\nredirect_stderr=true\nautostart=maybe\n",
    ),
    Case(
        "listener: redirect_stderr not boolean",
        "[supervisord]\nuser=nosuchu\n[eventlistener:e]\ncommand=cat\nevents=EVENT\nredirect_stderr=maybe\n",
    ),
    Case(
        "listener: autostart",
        "[supervisord]\nuser=nosuchu\n[eventlistener:e]\ncommand=cat\nevents=EVENT\nautostart=maybe\n",
    ),
    Case(
        "listener: all event names",
        "[supervisord]\nuser=nosuchu\n[eventlistener:e]\ncommand=cat\nevents=EVENT,PROCESS_STATE,PROCESS_STATE_STOPPED,PROCESS_COMMUNICATION_STDOUT,PROCESS_LOG,REMOTE_COMMUNICATION,SUPERVISOR_STATE_CHANGE,SUPERVISOR_STATE_CHANGE_RUNNING,TICK,TICK_60,PROCESS_GROUP,PROCESS_GROUP_ADDED\nautostart=z\n",
    ),
    Case(
        "listener: result_handler",
        "[supervisord]\nuser=nosuchu\n[eventlistener:e]\ncommand=cat\nevents=EVENT\nresult_handler=foo\n",
    ),
    Case(
        "listener: result_handler module",
        "[supervisord]\nuser=nosuchu\n[eventlistener:e]\ncommand=cat\nevents=EVENT\nresult_handler=no.such:foo\n",
    ),
    Case(
        "listener: name",
        "[supervisord]\nuser=nosuchu\n[eventlistener:e e]\ncommand=cat\nevents=EVENT\nautostart=maybe\n",
    ),
    Case("inet: no port", "[supervisord]\nuser=nosuchu\n[inet_http_server]\n"),
    Case("inet: port too high", "[supervisord]\nuser=nosuchu\n[inet_http_server]\nport=99999\n"),
    Case("inet: port zero", "[supervisord]\nuser=nosuchu\n[inet_http_server]\nport=0\n"),
    Case("inet: port of a host too high", "[supervisord]\nuser=nosuchu\n[inet_http_server]\nport=foo:99999\n"),
    Case("inet: port of a host zero", "[supervisord]\nuser=nosuchu\n[inet_http_server]\nport=foo:0\n"),
    Case("inet: authentication before port", "[supervisord]\nuser=nosuchu\n[inet_http_server]\nport=abc\nusername=x\n"),
    Case("inet: password alone", "[supervisord]\nuser=nosuchu\n[inet_http_server]\nport=1\npassword=x\n"),
    Case("inet: no port number", "[supervisord]\nuser=nosuchu\n[inet_http_server]\nport=foo:\n"),
    Case("inet: empty port", "[supervisord]\nuser=nosuchu\n[inet_http_server]\nport=\n"),
    Case("inet: colon and letter", "[supervisord]\nuser=nosuchu\n[inet_http_server]\nport= :x\n"),
    Case("inet: letters", "[supervisord]\nuser=nosuchu\n[inet_http_server]\nport=abc\n"),
    Case(
        "inet: username is expanded first",
        "[supervisord]\nuser=nosuchu\n[inet_http_server]\nport=%(foo)s\nusername=%(bar)s\n",
    ),
    Case("inet: here", "[supervisord]\nuser=nosuchu\n[inet_http_server]\nport=%(here)s\n"),
    Case(
        "inet: second server", "[supervisord]\nuser=nosuchu\n[inet_http_server]\nport=1\n[inet_http_server:b]\nport=z\n"
    ),
    Case("unix: no file", "[supervisord]\nuser=nosuchu\n[unix_http_server]\nusername=x\nchmod=9\n"),
    Case(
        "unix: authentication",
        "[supervisord]\nuser=nosuchu\n[unix_http_server]\nfile=s\nusername=x\nchmod=9\nchown=nono\n",
    ),
    Case("unix: chown before chmod", "[supervisord]\nuser=nosuchu\n[unix_http_server]\nfile=s\nchmod=9\nchown=nono\n"),
    Case("unix: chmod", "[supervisord]\nuser=nosuchu\n[unix_http_server]\nfile=s\nchmod=9\n"),
    Case("unix: empty chmod", "[supervisord]\nuser=nosuchu\n[unix_http_server]\nfile=s\nchmod=\n"),
    Case("unix: empty chown", "[supervisord]\nuser=nosuchu\n[unix_http_server]\nfile=s\nchown=\n"),
    Case("unix: chown two colons", "[supervisord]\nuser=nosuchu\n[unix_http_server]\nfile=~/x\nchown=a:b:c\n"),
    Case("unix: chown without group", "[supervisord]\nuser=nosuchu\n[unix_http_server]\nfile=~/x\nchown=root:\n"),
    Case("unix: chown without user", "[supervisord]\nuser=nosuchu\n[unix_http_server]\nfile=~/x\nchown=:root\n"),
    Case("unix: chown number", "[supervisord]\nuser=nosuchu\n[unix_http_server]\nfile=~/x\nchown=99999\n"),
    Case("unix: chown group number", "[supervisord]\nuser=nosuchu\n[unix_http_server]\nfile=~/x\nchown=root:99999\n"),
    Case(
        "unix: empty user name",
        "[supervisord]\nuser=nosuchu\n[unix_http_server]\nfile=~/x\nusername=\npassword=x\nchown=root:nosuch\n",
    ),
    Case("unix: here in file only", "[supervisord]\nuser=nosuchu\n[unix_http_server]\nfile=%(here)s\nchmod=%(here)s\n"),
    Case(
        "unix: file is expanded first",
        "[supervisord]\nuser=nosuchu\n[unix_http_server]\nfile=%(e)s\nchmod=%(a)s\npassword=%(d)s\n",
    ),
    Case(
        "unix: expansion of chown before chmod",
        "[supervisord]\nuser=nosuchu\n[unix_http_server]\nfile=s\nchmod=9\nchown=%(b)s\n",
    ),
    Case("plugins: no factory", "[supervisord]\nuser=nosuchu\n[rpcinterface:r]\n"),
    Case(
        "plugins: not loadable", "[supervisord]\nuser=nosuchu\n[rpcinterface:r]\nsupervisor.rpcinterface_factory=foo\n"
    ),
    Case(
        "plugins: no module",
        "[supervisord]\nuser=nosuchu\n[rpcinterface:r]\nsupervisor.rpcinterface_factory=no.such:foo\n",
    ),
    Case(
        "plugins: no attribute",
        "[supervisord]\nuser=nosuchu\n[rpcinterface:r]\nsupervisor.rpcinterface_factory=os:foo\n",
    ),
    Case("plugins: empty factory", "[supervisord]\nuser=nosuchu\n[rpcinterface:r]\nsupervisor.rpcinterface_factory=\n"),
    Case(
        "plugins: here",
        "[supervisord]\nuser=nosuchu\n[rpcinterface:r]\nsupervisor.rpcinterface_factory=os.path:join\nb=%(here)s\n",
    ),
    Case(
        "plugins: own options",
        "[supervisord]\nuser=nosuchu\n[rpcinterface:r]\nsupervisor.rpcinterface_factory=os.path:join\nb=%(ENV_HOME)s\n",
    ),
    Case("include: no files", "[supervisord]\nuser=nosuchu\n[include]\n"),
    Case("include: unknown name", "[supervisord]\nuser=nosuchu\n[include]\nfiles=%(foo)s\n"),
    Case("include: empty", "[supervisord]\n[include]\nfiles=\n[supervisord]\nuser=nono\n"),
    Case("include: no match", "[supervisord]\nuser=nosuchu\n[include]\nfiles=%(here)s/x*.ini y.ini\n"),
    Case("include: names", "[supervisord]\nuser=nosuchu\n[include]\nfiles=%(ENV_HOME)s/%(host_node_name)s/%(q)s\n"),
    Case(
        "include: here works everywhere with it",
        "[supervisord]\nuser=nosuchu\n[inet_http_server]\nport=%(here)s\n[include]\nfiles=no\n",
    ),
    Case(
        "include: error in an included section", "[supervisord]\nuser=nosuchu\n[include]\nfiles=a.ini\n", files=INCLUDED
    ),
    Case(
        "include: unparsable included file", "[supervisord]\nuser=nosuchu\n[include]\nfiles=bad.ini\n", files=INCLUDED
    ),
    Case(
        "include: section first defined in the main file",
        "[supervisord]\nuser=nosuchu\n[program:x]\ncommand=cat\n[include]\nfiles=x.ini\n",
        files=INCLUDED,
    ),
    Case("include: supervisord in an included file", "[x]\n[include]\nfiles=main.ini\n", files=INCLUDED),
    Case(
        "include: here of an included file", "[supervisord]\nuser=nosuchu\n[include]\nfiles=sub/*.ini\n", files=INCLUDED
    ),
    Case(
        "include: here has no dots",
        "[supervisord]\nuser=nosuchu\n[include]\nfiles=./sub/../sub/*.ini\n",
        files=INCLUDED,
    ),
    Case("include: no recursion", "[supervisord]\nuser=nosuchu\n[include]\nfiles=rec.ini\n", files=INCLUDED),
    Case("include: later file wins", "[supervisord]\nuser=nosuchu\n[include]\nfiles=main.ini a.ini\n", files=INCLUDED),
    Case(
        "include: pattern without a match",
        "[supervisord]\nuser=nosuchu\n[include]\nfiles=z.ini a.ini\n",
        files=INCLUDED,
    ),
    Case("include: supervisord nowhere", "[include]\nfiles=z.ini\n", files=INCLUDED),
    Case("command line: unknown letter", "[supervisord]\nuser=nosuchu\n", argv=("-x",)),
    Case("command line: missing argument", "[supervisord]\nuser=nosuchu\n", argv=("-z",)),
    Case("command line: bad value", "[supervisord]\nuser=nosuchu\n", argv=("-z", "x")),
    Case("command line: switch given twice", "[supervisord]\nuser=nosuchu\n", argv=("-n", "-n")),
    Case("command line: switch given twice in two ways", "[supervisord]\nuser=nosuchu\n", argv=("-s", "--silent")),
    Case("command line: positional words", "[supervisord]\nuser=nosuchu\n", argv=("foo", "bar")),
    Case("command line: words before help", "[supervisord]\nuser=nosuchu\n", argv=("-h", "foo")),
    Case("command line: words before bad values", "[supervisord]\nuser=nosuchu\n", argv=("-z", "x", "foo")),
    Case("command line: unknown option before bad values", "[supervisord]\nuser=nosuchu\n", argv=("-zx", "--bogus")),
    Case("command line: prefix not unique", "[supervisord]\nuser=nosuchu\n", argv=("--log", "x")),
    Case("command line: logfile", "[supervisord]\nuser=nosuchu\n", argv=("--logfile=/nono/x",)),
    Case("command line: argument for a switch", "[supervisord]\nuser=nosuchu\n", argv=("--silent=1",)),
    Case("command line: bundle", "[supervisord]\nuser=nosuchu\n", argv=("-sx",)),
    Case("command line: bundle with argument", "[supervisord]\nuser=nosuchu\n", argv=("-sz1", "-z", "2")),
    Case("command line: configuration given twice", "[supervisord]\nuser=nosuchu\n", argv=("-c", "x")),
    Case("command line: long configuration given twice", "[supervisord]\nuser=nosuchu\n", argv=("--configuration=x",)),
    Case("command line: user", "[supervisord]\nuser=nosuchu\n", argv=("-u", "nono")),
    Case("command line: empty user", "[supervisord]\nuser=nosuchu\n", argv=("-u", "")),
    Case("command line: user number", "[supervisord]\nuser=nosuchu\n", argv=("-u", "99999")),
    Case("command line: umask", "[supervisord]\nuser=nosuchu\n", argv=("-m", "9")),
    Case("command line: directory", "[supervisord]\nuser=nosuchu\n", argv=("-d", "nono")),
    Case("command line: maxbytes", "[supervisord]\nuser=nosuchu\n", argv=("-y", "1x")),
    Case("command line: loglevel", "[supervisord]\nuser=nosuchu\n", argv=("-e", "warning")),
    Case("command line: pidfile", "[supervisord]\nuser=nosuchu\n", argv=("-j", "/nono/x")),
    Case("command line: empty pidfile", "[supervisord]\nuser=nosuchu\n", argv=("-j", "")),
    Case("command line: empty logfile", "[supervisord]\nuser=nosuchu\n", argv=("--logfile=",)),
    Case("command line: empty directory", "[supervisord]\nuser=nosuchu\n", argv=("-d", "")),
    Case("command line: empty childlogdir", "[supervisord]\nuser=nosuchu\n", argv=("-q", "")),
    Case("command line: childlogdir", "[supervisord]\nuser=nosuchu\n", argv=("-q", "nono")),
    Case("command line: minfds", "[supervisord]\nuser=nosuchu\n", argv=("-a", "x")),
    Case("command line: minprocs", "[supervisord]\nuser=nosuchu\n", argv=("--minprocs", "x")),
    Case("command line: abbreviation is written in full", "[supervisord]\nuser=nosuchu\n", argv=("--minf", "x")),
    Case("command line: profile_options", "[supervisord]\nuser=nosuchu\n", argv=("--profile_options=foo",)),
    Case("command line: not ASCII", "[supervisord]\nuser=nosuchu\n", argv=("-é",)),
    Case("command line: end of options", "[supervisord]\nuser=nosuchu\n", argv=("--",)),
    Case("command line: word after the end of options", "[supervisord]\nuser=nosuchu\n", argv=("--", "x")),
    Case("command line: single dash", "[supervisord]\nuser=nosuchu\n", argv=("-",)),
    Case("command line: bad value before version", "[supervisord]\nuser=nosuchu\n", argv=("-z", "x", "-v")),
    Case("command line: empty long name", "[supervisord]\nuser=nosuchu\n", argv=("--=x",)),
    Case("command line: prefix no", "[supervisord]\nuser=nosuchu\n", argv=("--no",)),
    Case("command line: prefix n", "[supervisord]\nuser=nosuchu\n", argv=("--n",)),
    Case(
        "command line: abbreviation given twice", "[supervisord]\nuser=nosuchu\n", argv=("--minp=3", "--minprocs", "4")
    ),
    Case("command line: bad value before conflict", "[supervisord]\nuser=nosuchu\n", argv=("-e", "WARN", "-e", "x")),
    Case("command line: conflict", "[supervisord]\nuser=nosuchu\n", argv=("-e", "WARN", "-e", "INFO")),
    Case("command line: long without argument", "[supervisord]\nuser=nosuchu\n", argv=("--user",)),
    Case("command line: negative size", "[supervisord]\nuser=nosuchu\n", argv=("-y", "-1")),
    Case("command line: configuration without argument", "[supervisord]\nuser=nosuchu\n", argv=("-c",)),
    Case("command line: missing argument after a good one", "[supervisord]\nuser=nosuchu\n", argv=("-a", "1", "-a")),
    Case("command line: words after version", "[supervisord]\nuser=nosuchu\n", argv=("-v", "foo")),
    Case("command line: ch is childlogdir", "[supervisord]\nuser=nosuchu\n", argv=("--ch", "nono")),
    Case("command line: logfile syslog", "[supervisord]\nuser=nosuchu\n", argv=("-l", "syslog", "-u", "nono")),
    Case("command line: file is checked although overridden", "[supervisord]\nuser=nosuchu\n", argv=("-e", "info")),
)
