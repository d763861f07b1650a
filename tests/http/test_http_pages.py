"""The old pages: what they show, what their links and forms do, and for whom."""

from __future__ import annotations

import gzip
import html
import re
import struct
from pathlib import Path
from urllib.parse import quote, unquote

import pytest

from tests.fakes_control import FakeControl, view
from tests.http.serving import Answer, Served, request, serve
from warden.errors import AbnormalTermination, Failed, NoFile, NotExecutable, RequestError, SpawnFailed
from warden.words import Channel, Mood, Phase

BROWSER = "Accept: text/html,application/xhtml+xml"
NASTY = "<script>alert('&\"%+')</script>"
CTIME = r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}"


def fleet(**facts: object) -> FakeControl:
    views = [view("web"), view("idle", phase=Phase.STOPPED), view("a", "pool"), view("b", "pool", Phase.BACKOFF)]
    return FakeControl(views=views, **facts)  # type: ignore[arg-type]


def ask(tmp_path: Path, control: FakeControl, raw: bytes) -> Answer:
    answers = []

    async def scenario(served: Served) -> None:
        answers.append(await served.ask(raw))

    serve(tmp_path, control, scenario)
    return answers[0]


def get(tmp_path: Path, control: FakeControl, target: str, *headers: str) -> Answer:
    return ask(tmp_path, control, request("GET", target, *headers))


def message_of(answer: Answer) -> str:
    assert answer.status == 303, answer.text
    location = answer.headers["Location"]
    assert location.startswith("./?message=")
    return unquote(location.removeprefix("./?message="))


@pytest.mark.parametrize("target", ["/", "/index.html", "//index.html", "/?message=", "/?processname=web"])
def test_the_status_page(tmp_path: Path, target: str) -> None:
    answer = get(tmp_path, fleet(), target)

    assert answer.status == 200
    assert "<title>Supervisor Status</title>" in answer.text
    assert re.findall(r'<span class="(\w+)">(\w+)</span>', answer.text) == [
        ("statusnominal", "stopped"),
        ("statusrunning", "running"),
        ("statuserror", "backoff"),
        ("statusrunning", "running"),
    ]
    assert "status_msg" not in answer.text
    assert '<a href="tail.html?processname=pool%3Aa" target="_blank" rel="noopener">pool:a</a>' in answer.text


def test_a_large_page_is_compressed_for_those_who_take_it(tmp_path: Path) -> None:
    many = FakeControl(views=[view(f"p{i:03d}") for i in range(200)])
    plain = get(tmp_path, many, "/")
    (tmp_path / "s").unlink()
    packed = get(tmp_path, many, "/", "Accept-Encoding: gzip")

    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body).decode().count("p199") == plain.text.count("p199") > 0
    assert len(packed.body) < len(plain.body) / 5


def test_links_fit_the_state(tmp_path: Path) -> None:
    text = html.unescape(get(tmp_path, fleet(), "/").text)

    rows = [re.findall(r'href="([^"]*)" name="([^"]*)"', row) for row in text.split("<tr")[2:]]
    assert [[name for _, name in row] for row in rows] == [
        ["Start", "#", "Clear Log", "Tail -f Stdout", "Tail -f Stderr"],
        ["Restart", "Stop", "Clear Log", "Tail -f Stdout", "Tail -f Stderr"],
        ["#", "Stop", "Clear Log", "Tail -f Stdout", "Tail -f Stderr"],
        ["Restart", "Stop", "Clear Log", "Tail -f Stdout", "Tail -f Stderr"],
    ]
    assert [href for href, _ in rows[1]] == [
        "index.html?processname=pool%3Aa&action=restart",
        "index.html?processname=pool%3Aa&action=stop",
        "index.html?processname=pool%3Aa&action=clearlog",
        "logtail/pool%3Aa",
        "logtail/pool%3Aa/stderr",
    ]


def test_a_log_that_is_off_has_no_link(tmp_path: Path) -> None:
    control = FakeControl(views=[view("web", stderr_logfile="")])

    answer = get(tmp_path, control, "/")

    assert "Tail -f Stdout" in answer.text
    assert "Tail -f Stderr" not in answer.text


def test_without_processes_there_is_no_table(tmp_path: Path) -> None:
    answer = get(tmp_path, FakeControl(), "/")

    assert "No programs to manage" in answer.text
    assert "<table" not in answer.text


@pytest.mark.parametrize(("mood", "word"), [(Mood.SHUTDOWN, "shutting down"), (Mood.RESTARTING, "restarting")])
def test_the_page_says_that_the_daemon_goes_down(tmp_path: Path, mood: Mood, word: str) -> None:
    answer = get(tmp_path, fleet(mood=mood), "/")

    assert answer.status == 200
    assert f"The daemon is {word}." in answer.text


def test_hostile_text_is_inert_everywhere(tmp_path: Path) -> None:
    control = FakeControl(views=[view(NASTY, description=NASTY + "\x00\x1b")])
    control.logs[NASTY, Channel.STDOUT] = tmp_path / "log"
    control.logs[NASTY, Channel.STDOUT].write_text(NASTY + "\x1b[31m red\x00")
    name = quote(NASTY, safe="")

    for target in (f"/?message={name}", f"/tail.html?processname={name}", f"/?action=stop&processname={name}"):
        answer = get(tmp_path, control, target, BROWSER, "Sec-Fetch-Site: none")
        (tmp_path / "s").unlink()

        assert answer.status == 200
        assert "<script>" not in answer.text
        assert html.escape(NASTY).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in answer.text
        assert not re.search("[\x00-\x08\x0b-\x1f]", answer.text)


@pytest.mark.parametrize("target", ["/", "/tail.html", "/?action=refresh"])
def test_pages_say_what_browsers_need_to_know(tmp_path: Path, target: str) -> None:
    headers = get(tmp_path, fleet(), target).headers

    assert headers["Content-Type"] == "text/html;charset=utf-8"
    assert headers["Pragma"] == "no-cache"
    assert "no-store" in headers["Cache-Control"]
    assert headers["Expires"] == "Thu, 01 Jan 1970 00:00:00 GMT"
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("target", ["/", "/index.html", "/tail.html", "/ok.html", "/stylesheets/supervisor.css"])
def test_monitors_may_ask_with_head(tmp_path: Path, target: str) -> None:
    answer = ask(tmp_path, fleet(), request("HEAD", target))

    assert answer.status == 200
    assert int(answer.headers["Content-Length"]) > 0


def test_head_changes_nothing(tmp_path: Path) -> None:
    control = fleet()

    assert ask(tmp_path, control, request("HEAD", "/?action=stopall")).status == 200
    assert control.done == []


@pytest.mark.parametrize("mood", list(Mood))
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_ok_is_ok(tmp_path: Path, mood: Mood, method: str) -> None:
    answer = ask(tmp_path, fleet(mood=mood), request(method, "/ok.html", body=b"" if method == "POST" else None))

    assert (answer.status, answer.body, answer.headers["Content-Type"]) == (200, b"OK", "text/plain")


def test_options_are_told(tmp_path: Path) -> None:
    answer = ask(tmp_path, fleet(), request("OPTIONS", "/"))

    assert (answer.status, answer.headers["Allow"]) == (204, "GET, HEAD, POST, OPTIONS")


def test_the_template_of_old_leads_to_the_page(tmp_path: Path) -> None:
    answer = get(tmp_path, fleet(), "/status.html")

    assert (answer.status, answer.headers["Location"]) == (303, "./")


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("icon.png", (32, 32)),
        ("rule.gif", (65, 2)),
        *((f"state{number}.gif", (61, 18)) for number in range(4)),
        ("supervisor.gif", (242, 45)),
    ],
)
def test_pictures_are_where_pages_of_others_look_for_them(tmp_path: Path, name: str, size: tuple[int, int]) -> None:
    answer = get(tmp_path, fleet(), f"/images/{name}")

    kind = name.rpartition(".")[2]
    found = struct.unpack("<HH", answer.body[6:10]) if kind == "gif" else struct.unpack(">II", answer.body[16:24])
    assert (answer.status, answer.headers["Content-Type"], found) == (200, f"image/{kind}", size)


def test_modules_are_sent_zipped_to_those_who_take_it(tmp_path: Path) -> None:
    plain = get(tmp_path, fleet(), "/static/app.js")
    (tmp_path / "s").unlink()
    zipped = get(tmp_path, fleet(), "/static/app.js", "Accept-Encoding: gzip")

    assert plain.headers["Content-Type"] == "text/javascript"
    assert "Content-Encoding" not in plain.headers
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.body) == plain.body


@pytest.mark.parametrize("target", ["/static/", "/static/nothing.js", "/static/../pages.py", "/static/%2e%2e/pages.py"])
def test_only_files_of_the_page_are_served(tmp_path: Path, target: str) -> None:
    assert get(tmp_path, fleet(), target).status == 404


def test_the_style_sheet_is_cached(tmp_path: Path) -> None:
    first = get(tmp_path, fleet(), "/stylesheets/supervisor.css")
    (tmp_path / "s").unlink()
    again = get(
        tmp_path, fleet(), "/stylesheets/supervisor.css", f"If-Modified-Since: {first.headers['Last-Modified']}"
    )

    assert first.headers["Content-Type"] == "text/css"
    assert (first.status, again.status, again.body) == (200, 304, b"")


@pytest.mark.parametrize("target", ["/?PATH_INFO=/ok.html", "/?PATH_INFO=/x", "/?SCRIPT_NAME=x&REQUEST_METHOD=PUT"])
def test_the_query_is_no_environment(tmp_path: Path, target: str) -> None:
    assert "<title>Supervisor Status</title>" in get(tmp_path, fleet(), target).text


@pytest.mark.parametrize("by_post", [False, True])
@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("action=refresh", f"Page refreshed at {CTIME}"),
        ("action=stopall", f"All stopped at {CTIME}"),
        ("action=restartall", f"All restarted at {CTIME}"),
        ("action=start&processname=idle", "Process idle started"),
        ("action=start&processname=web", "ERROR: Process web: already started"),
        ("action=stop&processname=pool:a", "Process pool:a stopped"),
        ("action=stop&processname=idle", r"unexpected rpc fault \[70\] NOT_RUNNING: idle"),
        ("action=restart&processname=web", "Process web restarted"),
        ("action=restart&processname=idle", "Process idle restarted"),
        ("action=clearlog&processname=web", "Log for web cleared"),
        ("action=start&processname=nope", "No such process named nope"),
        ("action=clearlog&processname=pool%3A%2A", r"No such process named pool:\*"),
        ("action=stop&processname=web&action=start&processname=idle", "Process web stopped"),
    ],
)
def test_actions_and_their_messages(tmp_path: Path, fields: str, message: str, by_post: bool) -> None:
    raw = request("POST", "/", body=fields.encode()) if by_post else request("GET", f"/index.html?{fields}")

    assert re.fullmatch(message, message_of(ask(tmp_path, fleet(), raw)))


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (NoFile("x"), "no such file"),
        (NotExecutable("x"), "file not executable"),
        (SpawnFailed("idle"), "spawn error"),
        (AbnormalTermination("idle"), "abnormal termination"),
        (Failed("why"), "unexpected rpc fault [30] FAILED: why"),
    ],
)
@pytest.mark.parametrize("action", ["start", "restart", "restartall"])
def test_failures_are_told(tmp_path: Path, error: RequestError, why: str, action: str) -> None:
    control = FakeControl(views=[view("idle", phase=Phase.STOPPED)], refusals={"idle": error})

    assert message_of(get(tmp_path, control, f"/?action={action}&processname=idle")) == f"ERROR: Process idle: {why}"


def test_an_action_during_shutdown_is_told(tmp_path: Path) -> None:
    answer = get(tmp_path, fleet(mood=Mood.SHUTDOWN), "/?action=stopall")

    assert message_of(answer) == "unexpected rpc fault [6] SHUTDOWN_STATE"


@pytest.mark.parametrize(
    "query", ["action=bogus", "action=bogus&processname=web", "action=start", "action=stop&processname="]
)
def test_an_action_that_makes_no_sense_is_400(tmp_path: Path, query: str) -> None:
    assert get(tmp_path, fleet(), f"/?{query}").status == 400


def test_the_body_wins_over_the_query(tmp_path: Path) -> None:
    control = fleet()

    ask(tmp_path, control, request("POST", "/?action=stopall&processname=web", body=b"action=stop&processname=pool:a"))

    assert control.done == [("stop", "pool:a", True), ("stop done", "pool:a")]


@pytest.mark.parametrize("body", [b"&".join(b"a=b" for _ in range(200)), b"x" * 100_000])
def test_forms_are_bounded(tmp_path: Path, body: bytes) -> None:
    assert ask(tmp_path, fleet(), request("POST", "/", body=body)).status in (400, 413)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([], 303),
        (["Accept: */*", "User-Agent: curl/8"], 303),
        (["Sec-Fetch-Site: same-origin", BROWSER], 303),
        (["Sec-Fetch-Site: none", BROWSER], 200),
        ([BROWSER], 200),
        (["Referer: http://here/"], 200),
        (["Sec-Fetch-Site: cross-site"], 403),
        (["Sec-Fetch-Site: same-site"], 403),
        (["Sec-Fetch-Site: same-origin", "Sec-Purpose: prefetch"], 403),
        (["Purpose: prefetch"], 403),
    ],
)
def test_an_old_link_works_for_programs_and_asks_people(tmp_path: Path, headers: list[str], status: int) -> None:
    control = fleet()

    answer = get(tmp_path, control, "/?action=stop&processname=web", *headers)

    assert answer.status == status
    assert bool(control.done) is (status == 303)
    if status == 403:
        assert "index.html" in answer.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([], 303),
        (["Sec-Fetch-Site: same-origin", "Origin: null"], 303),
        (["Origin: http://here"], 303),
        (["Origin: http://there"], 403),
        (["Origin: null"], 403),
        (["Origin: http://["], 403),
        (["Sec-Fetch-Site: cross-site", "Origin: http://here"], 403),
        (["Sec-Fetch-Site: none"], 200),
        ([BROWSER], 200),
    ],
)
def test_a_form_without_token_works_for_programs_only(tmp_path: Path, headers: list[str], status: int) -> None:
    control = fleet()

    answer = ask(tmp_path, control, request("POST", "/", *headers, body=b"action=stop&processname=web"))

    assert answer.status == status
    assert bool(control.done) is (status == 303)


@pytest.mark.parametrize(
    ("headers", "status"), [(["Origin: null", BROWSER], 303), (["Sec-Fetch-Site: cross-site"], 403)]
)
def test_the_confirmation_page_has_a_form_that_does_it(tmp_path: Path, headers: list[str], status: int) -> None:
    control = fleet()

    async def scenario(served: Served) -> None:
        page = await served.get("/?action=stop&processname=pool%3Aa", BROWSER)
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text))
        body = "&".join(f"{name}={quote(value)}" for name, value in fields.items()).encode()
        answer = await served.post("/index.html", body, *headers)

        assert "Stop pool:a?" in page.text
        assert fields.keys() == {"action", "processname", "token"}
        assert answer.status == status

    serve(tmp_path, control, scenario)

    assert bool(control.done) is (status == 303)


def test_refresh_never_asks(tmp_path: Path) -> None:
    answer = get(tmp_path, fleet(), "/?action=refresh", BROWSER, "Sec-Fetch-Site: cross-site")

    assert message_of(answer).startswith("Page refreshed")


def with_log(tmp_path: Path, content: bytes) -> FakeControl:
    control = fleet()
    control.logs["pool:a", Channel.STDOUT] = tmp_path / "out"
    control.logs["pool:a", Channel.STDERR] = tmp_path / "err"
    (tmp_path / "out").write_bytes(content)
    (tmp_path / "err").write_bytes(b"on stderr")
    return control


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("processname=pool:a", "y" * 1024),
        ("processname=pool:a&limit=1030", "xxxxxx" + "y" * 1024),
        ("processname=pool:a&limit=5", "y" * 1024),
        ("processname=pool:a&limit=-5", "y" * 1024),
        ("processname=pool:a&limit=many", "y" * 1024),
        ("processname=pool:a&limit=" + "9" * 30, "x" * 2000 + "y" * 1024),
        ("processname=pool:a&channel=stderr", "on stderr"),
        ("processname=web", "No file for web"),
        ("processname=nope", "ERROR: unexpected rpc fault [10] BAD_NAME: nope"),
        ("processname=pool:*", "ERROR: unexpected rpc fault [10] BAD_NAME: pool:*"),
        ("", "No process name found"),
        ("processname=", "No process name found"),
    ],
)
def test_the_tail_page(tmp_path: Path, query: str, text: str) -> None:
    answer = get(tmp_path, with_log(tmp_path, b"x" * 2000 + b"y" * 1024), f"/tail.html?{query}")

    assert answer.status == 200
    assert f"<pre>{text}</pre>" in answer.text


@pytest.mark.parametrize(
    ("query", "title", "link"),
    [
        ("?processname=pool:a", "pool:a", "tail.html?processname=pool%3Aa&amp;limit=1024"),
        ("?processname=nope&limit=2000", "nope", "tail.html?processname=nope&amp;limit=2000"),
        ("", "None", None),
    ],
)
def test_the_tail_page_can_be_refreshed(tmp_path: Path, query: str, title: str, link: str | None) -> None:
    text = get(tmp_path, fleet(), f"/tail.html{query}").text

    assert f"<title>Supervisor tail of process {title}</title>" in text
    assert (f'href="{link}"' in text) is (link is not None)


def test_the_tail_is_readable_whatever_the_bytes(tmp_path: Path) -> None:
    answer = get(tmp_path, with_log(tmp_path, b"\x1b[1mbold\x1b[0m \xff\x00 \xc3"), "/tail.html?processname=pool:a")

    assert "<pre>bold \ufffd\ufffd \ufffd</pre>" in answer.text
