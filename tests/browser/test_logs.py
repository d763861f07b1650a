"""Logs on the page: live, coloured, and harmless whatever is in them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page, expect

from browser.site import Visit
from harness.daemon import Daemon

Start = Callable[[str], tuple[Daemon, str]]
Open = Callable[..., Visit]

# Says what is written to its fifo; what begins with ! goes to stderr.
SPEAKER = """
import os, sys
while True:
    with open("words") as words:
        for line in words:
            to = sys.stderr if line.startswith("!") else sys.stdout
            to.write(line.removeprefix("!").encode().decode("unicode_escape"))
            to.flush()
"""
PROGRAMS = """
[program:speaker]
command = python3 speaker.py
directory = %(here)s
startsecs = 0
stdout_logfile = %(here)s/out.log
stderr_logfile = %(here)s/err.log
"""
HOSTILE = "<script>globalThis.hacked = 1</script><img src=x onerror='hacked=1'>"


@pytest.fixture
def speaker(daemon_of: Start, tmp_path: Path) -> tuple[Callable[[str], None], str]:
    """A process that says what it is told to, and the address of its page."""
    os.mkfifo(tmp_path / "words")
    (tmp_path / "speaker.py").write_text(SPEAKER)
    _daemon, address = daemon_of(PROGRAMS)

    def say(text: str) -> None:
        (tmp_path / "words").write_text(text + "\n")

    return say, f"{address}#/process/speaker"


def lines(page: Page) -> list[str]:
    return page.locator(".log .line").all_text_contents()


def test_the_log_follows(speaker: tuple[Callable[[str], None], str], visit: Open) -> None:
    say, address = speaker
    page = visit().open(address)
    expect(page.get_by_text("Nothing has been written yet.")).to_be_visible()

    for word in ("one", "two", "three"):
        say(word)
        expect(page.locator(".line").last).to_have_text(word)

    say("\n".join(f"line {number}" for number in range(300)))
    expect(page.locator(".line").last).to_have_text("line 299")
    expect(page.locator(".line").last).to_be_in_viewport()


def test_colours_are_rendered_and_markup_is_text(speaker: tuple[Callable[[str], None], str], visit: Open) -> None:
    say, address = speaker
    page = visit().open(address)

    say(rf"\x1b[1;31mred\x1b[0m \x1b[38;2;10;200;30mown\x1b[0m {HOSTILE} \x1b]0;title\x07end")

    expect(page.locator(".line").last).to_have_text(f"red own {HOSTILE} end")
    expect(page.locator(".line .ink-red.bold")).to_have_text("red")
    expect(page.locator(".line .own-ink")).to_have_text("own")
    assert page.locator(".log img, .log script").count() == 0
    page.goto(page.url.split("#")[0])
    expect(page.locator("td.c-line")).to_contain_text(HOSTILE)
    assert page.evaluate("globalThis.hacked") is None


def test_channels_stand_together_and_apart(speaker: tuple[Callable[[str], None], str], visit: Open) -> None:
    say, address = speaker
    page = visit().open(address)
    say("to stdout")
    say("!to stderr")
    expect(page.locator('.line[data-channel="stderr"]')).to_have_text("to stderr")
    expect(page.locator('.line[data-channel="stdout"]')).to_have_text("to stdout")

    page.get_by_role("button", name="stderr").click()
    expect(page.locator(".line")).to_have_text(["to stderr"])
    page.get_by_role("button", name="stdout").click()
    expect(page.locator(".line")).to_have_text(["to stdout"])


def test_pause_holds_back_and_gives_later(speaker: tuple[Callable[[str], None], str], visit: Open) -> None:
    say, address = speaker
    page = visit().open(address)
    say("before")
    expect(page.locator(".line")).to_have_text(["before"])

    page.get_by_role("button", name="Pause").click()
    say("meanwhile")
    expect(page.get_by_role("button", name="Paused, 1 new")).to_be_visible()
    assert lines(page) == ["before"]

    page.get_by_role("button", name="Paused").click()
    expect(page.locator(".line")).to_have_text(["before", "meanwhile"])


def test_search_finds_counts_and_filters(speaker: tuple[Callable[[str], None], str], visit: Open) -> None:
    say, address = speaker
    page = visit().open(address)
    say(r"alpha\nbeta Gam\x1b[31mMA\x1b[0m\ngamma")
    expect(page.locator(".line")).to_have_count(3)

    page.keyboard.press("/")
    page.keyboard.type("gamma")
    expect(page.locator(".found")).to_have_text("2 lines")
    page.keyboard.press("Enter")
    expect(page.locator(".found")).to_have_text("2 of 2 lines")
    page.get_by_role("button", name="Only matches").click()
    expect(page.locator(".line:visible")).to_have_text(["beta GamMA", "gamma"])
    say("another gamma")
    expect(page.locator(".found")).to_contain_text("3 lines")


def test_earlier_parts_are_loaded_without_a_seam(
    speaker: tuple[Callable[[str], None], str], visit: Open, tmp_path: Path
) -> None:
    _say, address = speaker
    (tmp_path / "out.log").write_text("".join(f"line {number} {'x' * 60}\n" for number in range(2000)))
    page = visit().open(address)
    expect(page.locator(".line").last).to_contain_text("line 1999")
    assert not lines(page)[0].startswith("line 0 ")

    page.get_by_role("button", name="Load earlier").click()

    expect(page.locator(".line")).to_have_count(2000)
    assert [line.split()[1] for line in lines(page)] == [str(number) for number in range(2000)]
    expect(page.get_by_role("button", name="Load earlier")).to_have_count(0)


def test_a_cleared_log_is_told_and_goes_on(speaker: tuple[Callable[[str], None], str], visit: Open) -> None:
    say, address = speaker
    page = visit().open(address)
    say("old")
    expect(page.locator(".line")).to_have_text(["old"])

    page.get_by_role("button", name="Clear logs").click()
    expect(page.locator(".line").last).to_have_text("the log was cleared")
    say("new")

    expect(page.locator(".line").last).to_have_text("new")


def test_a_log_is_downloaded_whole(speaker: tuple[Callable[[str], None], str], visit: Open, tmp_path: Path) -> None:
    _say, address = speaker
    content = "".join(f"line {number} {'ü' * 600}\n" for number in range(2000))
    (tmp_path / "out.log").write_text(content)
    page = visit().open(address)
    page.get_by_role("button", name="stdout").click()

    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()

    assert download.value.suggested_filename == "speaker.stdout.log"
    assert Path(download.value.path()).read_text() == content


def test_a_flood_leaves_the_page_alive_and_bounded(daemon_of: Start, visit: Open) -> None:
    _daemon, address = daemon_of(
        """
[program:flood]
command = sh -c "while :; do seq -f 'line %%.0f of many that come as fast as they can' 20000; sleep 0.1; done"
startsecs = 0
stdout_logfile = %(here)s/flood.log
stdout_logfile_maxbytes = 5MB
stdout_logfile_backups = 1
"""
    )
    page = visit().open(f"{address}#/process/flood")
    page.wait_for_function("() => document.querySelectorAll('.line').length > 9000")

    page.get_by_role("button", name="Pause").click()
    count = page.locator(".line").count()

    assert count <= 10_100
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator(".process-head .badge")).to_have_text("stopped")


def test_a_message_in_the_address_is_text(daemon_of: Start, visit: Open) -> None:
    _daemon, address = daemon_of("")
    page = visit().page

    page.goto(f"{address}?message={HOSTILE}")

    expect(page.locator(".status_msg")).to_have_text(HOSTILE)
    assert page.evaluate("globalThis.hacked") is None


def test_names_of_processes_are_text(daemon_of: Start, visit: Open) -> None:
    name = "<b>&amp;'x'%%2e+#"
    _daemon, address = daemon_of(f"[program:p]\nprocess_name = {name}\ncommand = sleep 1000\nstartsecs = 0\n")
    shown = "p:<b>&amp;'x'%2e+#"
    page = visit().open(address)

    link = page.get_by_role("link", name=shown, exact=True)
    expect(link).to_have_text(shown.removeprefix("p:"))
    link.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(shown)
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator(".process-head .badge")).to_have_text("stopped")
    assert page.locator("b").count() == 0


READ = """async ([module, chunks]) => {
  const { AnsiReader } = await import(module);
  const reader = new AnsiReader();
  const lines = [[]];
  for (const chunk of chunks) {
    reader.feed(chunk).forEach((pieces, index) => {
      if (index > 0) lines.push([]);
      for (const { text, classes } of pieces) {
        for (const character of text) lines.at(-1).push([character, classes.join(" ")]);
      }
    });
  }
  return JSON.stringify(lines);
}"""


def test_borders_of_chunks_do_not_matter_to_colours(daemon_of: Start, visit: Open) -> None:
    _daemon, address = daemon_of("")
    page = visit().open(address)
    pieces = st.sampled_from(
        ["a", "\n", "\x1b[31m", "\x1b[1;4m", "\x1b[0m", "\x1b[38;5;200m", "\x1b]8;;http://x\x07", "\x1b[2K", "é", "<"]
    )

    def read(chunks: list[str]) -> object:
        return json.loads(page.evaluate(READ, [f"{address}static/ansi.js", chunks]))

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.lists(pieces, max_size=12).map("".join), st.data())
    def check(text: str, data: st.DataObject) -> None:
        cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=4)))
        edges = [0, *cuts, len(text)]
        assert read([text[one:other] for one, other in pairwise(edges)]) == read([text])

    check()
