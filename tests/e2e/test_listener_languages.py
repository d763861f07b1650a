"""Listeners in other languages than Python count bytes: each gets every event, byte for byte."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from harness.daemon import Daemon
from harness.sides import WARDEN
from harness.waiting import until

# Each keeps the headers and bodies it receives, as they are, in the file that is its argument.
SHELL = """\
printf 'READY\\n'
while IFS= read -r head; do
    printf '%s\\n' "$head" >>"$1"
    head -c "${head##*len:}" >>"$1"
    printf 'RESULT 2\\nOKREADY\\n'
done
"""
PERL = """\
$| = 1;
binmode STDIN;
open(my $records, '>>:raw', $ARGV[0]) or die;
$records->autoflush(1);
print "READY\\n";
while (my $head = <STDIN>) {
    my ($length) = $head =~ /len:(\\d+)/;
    read(STDIN, my $body, $length) == $length or die;
    print $records $head . $body;
    print "RESULT 2\\nOKREADY\\n";
}
"""
NODE = """\
const fs = require('fs');
let heard = Buffer.alloc(0);
process.stdin.on('data', (chunk) => {
    heard = Buffer.concat([heard, chunk]);
    for (;;) {
        const end = heard.indexOf('\\n');
        if (end < 0) return;
        const length = Number(/len:(\\d+)/.exec(heard.subarray(0, end))[1]);
        if (heard.length < end + 1 + length) return;
        fs.appendFileSync(process.argv[2], heard.subarray(0, end + 1 + length));
        heard = heard.subarray(end + 1 + length);
        process.stdout.write('RESULT 2\\nOKREADY\\n');
    }
});
process.stdout.write('READY\\n');
"""
LANGUAGES = {"sh": SHELL, "perl": PERL, "node": NODE}

DATA = ["", "one line", "two\nlines\n", "größe ☃ 漢字 😀", "x" * 300_000, "RESULT 2\nOK", "\u00e9" * 70_000, "the end"]
SPOKEN = b"\xff\xfe not text \xf0\x9f\n"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_listener_gets_every_event_byte_for_byte(tmp_path: Path, language: str) -> None:
    if shutil.which(language) is None:
        pytest.skip(f"not installed: {language}")
    script = tmp_path / "listener"
    script.write_text(LANGUAGES[language])
    (tmp_path / "spoken").write_bytes(SPOKEN)
    config = f"""
[eventlistener:l]
command = {shutil.which(language)} {script} {tmp_path / "heard"}
events = REMOTE_COMMUNICATION,PROCESS_COMMUNICATION
buffer_size = 100
startsecs = 0
[program:speaker]
command = {sys.executable} -S -c "b, e = b'<!--XSUPERVISOR:BEGIN-->', b'<!--XSUPERVISOR:END-->'; \
import os; os.write(1, b + open('spoken', 'rb').read() + e)"
directory = {tmp_path}
stdout_capture_maxbytes = 1MB
autostart = false
startsecs = 0
"""
    expected = [
        _envelope(number, "REMOTE_COMMUNICATION", f"type:t\n{text}".encode()) for number, text in enumerate(DATA)
    ]

    with Daemon(WARDEN, tmp_path, config) as daemon:
        daemon.wait_state("l", "RUNNING")
        for text in DATA:
            assert daemon.rpc("supervisor.sendRemoteCommEvent", "t", text) == {"value": True}
        daemon.rpc("supervisor.startProcess", "speaker", False)
        daemon.wait_line(r"spawned: 'speaker' with pid (\d+)")
        pid = next(text.rpartition(" ")[2] for _, text in daemon.log() if text.startswith("spawned: 'speaker'"))
        said = b"processname:speaker groupname:speaker pid:%s\n" % pid.encode() + SPOKEN
        expected.append(_envelope(len(DATA), "PROCESS_COMMUNICATION_STDOUT", said))
        wanted = b"".join(expected)
        heard = tmp_path / "heard"
        until(lambda: heard.exists() and heard.stat().st_size >= len(wanted), lambda: "all events are heard")

        assert heard.read_bytes() == wanted


def _envelope(serial: int, name: str, body: bytes) -> bytes:
    head = f"ver:3.0 server:supervisor serial:{serial} pool:l poolserial:{serial} eventname:{name} len:{len(body)}\n"
    return head.encode() + body
