"""The page shows what happens when it happens, and does what it is told."""

from __future__ import annotations

import os
import re
import signal
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from browser.site import Visit
from harness.daemon import Daemon

Start = Callable[[str], tuple[Daemon, str]]
Open = Callable[..., Visit]

PROGRAMS = """
[program:web]
command = sleep 1000
startsecs = 0
autorestart = true
[program:worker]
command = sleep 1000
process_name = worker_%(process_num)d
numprocs = 3
startsecs = 0
[program:missing]
command = /no/such/program
autostart = false
startretries = 0
[program:once]
command = sh -c "exit 3"
startsecs = 0
autorestart = false
"""


def row(page: Page, namespec: str) -> Locator:
    return page.locator(f'tr[data-key="p {namespec}"]')


def expect_state(page: Page, namespec: str, state: str) -> None:
    expect(row(page, namespec).locator(".c-state span span")).to_have_text(state)


def test_the_state_of_every_process_appears(daemon_of: Start, visit: Open) -> None:
    daemon, address = daemon_of(PROGRAMS)
    page = visit().open(address)

    expect_state(page, "web", "running")
    expect_state(page, "missing", "stopped")
    expect_state(page, "once", "exited")
    expect(row(page, "web").locator(".c-pid")).to_have_text(str(daemon.pids()["web:web"]))
    expect(row(page, "web").locator(".c-memory")).to_contain_text("iB")
    expect(row(page, "once").locator(".c-exit")).to_contain_text("exit status 3")
    expect(page.locator("tr.group .counts")).to_have_text("3 running")
    expect(page.get_by_role("row")).to_have_count(1 + 3 + 1 + 3)


def test_a_kill_is_seen_without_a_reload(daemon_of: Start, visit: Open) -> None:
    daemon, address = daemon_of(PROGRAMS)
    page = visit().open(address)
    expect_state(page, "web", "running")
    page.evaluate("globalThis.sameDocument = true")
    victim = daemon.pids()["web:web"]

    os.kill(victim, signal.SIGKILL)

    expect(row(page, "web").locator(".c-restarts")).to_have_text("1")
    expect(row(page, "web").locator(".c-exit")).to_contain_text("terminated by SIGKILL")
    expect(row(page, "web").locator(".c-pid")).not_to_have_text(str(victim))
    expect_state(page, "web", "running")
    assert page.evaluate("globalThis.sameDocument")


# When the row of ``web`` gets another pid; milliseconds since the epoch.
WATCH = """() => {
  globalThis.shownAt = [];
  const cell = document.querySelector('tr[data-key="p web"] .c-pid');
  const note = () => shownAt.push(performance.timeOrigin + performance.now());
  new MutationObserver(note).observe(cell, { childList: true, characterData: true, subtree: true });
}"""


def test_a_change_is_shown_at_once(
    daemon_of: Start, visit: Open, record_property: Callable[[str, object], None]
) -> None:
    daemon, address = daemon_of(PROGRAMS)
    page = visit().open(address)
    expect_state(page, "web", "running")
    page.evaluate(WATCH)
    waits = []
    for count in range(10):
        victim = daemon.pids()["web:web"]
        killed = time.time()
        os.kill(victim, signal.SIGKILL)
        page.wait_for_function("(count) => shownAt.length > count", arg=count)
        waits.append(page.evaluate("shownAt.at(-1)") / 1000 - killed)

    record_property("kill_to_page_ms_median", 1000 * statistics.median(waits))
    assert min(waits) < 0.1  # the others may have met a busy machine


def test_buttons_stop_and_start(daemon_of: Start, visit: Open) -> None:
    daemon, address = daemon_of(PROGRAMS)
    page = visit().open(address)

    page.get_by_role("button", name="Stop web", exact=True).click()
    expect_state(page, "web", "stopped")
    assert daemon.info("web")["statename"] == "STOPPED"

    page.get_by_role("button", name="Start web", exact=True).click()
    expect_state(page, "web", "running")
    assert daemon.info("web")["statename"] == "RUNNING"


def test_restart_gives_another_child(daemon_of: Start, visit: Open) -> None:
    daemon, address = daemon_of(PROGRAMS)
    before = daemon.pids()["web:web"]
    page = visit().open(address)

    page.get_by_role("button", name="Restart web", exact=True).click()

    expect(row(page, "web").locator(".c-pid")).not_to_have_text(str(before))
    expect_state(page, "web", "running")
    expect(row(page, "web").locator("[aria-busy]")).to_have_count(0)


def test_a_button_is_busy_until_it_has_happened(daemon_of: Start, visit: Open, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "leave")
    daemon, address = daemon_of(
        """
[program:slow]
command = sh -c "trap 'read word < leave; exit 0' TERM; echo ready; while :; do read line; done"
directory = %(here)s
startsecs = 0
stopwaitsecs = 60
stdout_logfile = %(here)s/slow.log
"""
    )
    page = visit().open(address)
    expect(row(page, "slow").locator(".c-line")).to_have_text("ready")
    stop = row(page, "slow").locator(".main")

    stop.click()
    expect_state(page, "slow", "stopping")
    expect(stop).to_have_attribute("aria-busy", "true")

    (tmp_path / "leave").write_text("now\n")
    expect_state(page, "slow", "stopped")
    expect(row(page, "slow").locator("[aria-busy]")).to_have_count(0)
    assert daemon.info("slow")["exitstatus"] == 0


def test_the_keyboard_is_enough(daemon_of: Start, visit: Open) -> None:
    _daemon, address = daemon_of(PROGRAMS)
    page = visit().open(address)
    expect_state(page, "web", "running")

    page.keyboard.press("/")
    page.keyboard.type("web")
    page.keyboard.press("Enter")
    page.keyboard.press("x")
    expect_state(page, "web", "stopped")
    page.keyboard.press("s")
    expect_state(page, "web", "running")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="web", exact=True)).to_be_visible()
    page.keyboard.press("u")
    expect_state(page, "web", "running")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("start, stop, restart")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_j_and_k_move_and_v_selects(daemon_of: Start, visit: Open) -> None:
    _daemon, address = daemon_of(PROGRAMS)
    page = visit().open(address)
    expect_state(page, "worker:worker_0", "running")

    for key in "jjjjvjvk":
        page.keyboard.press(key)

    expect(page.locator("tr[data-active]")).to_have_attribute("data-key", "g worker")
    expect(page.locator(".bulk-name")).to_have_text("2 processes selected")


def test_an_error_is_shown_where_it_occurred(daemon_of: Start, visit: Open) -> None:
    _daemon, address = daemon_of(PROGRAMS)
    page = visit().open(address)

    page.get_by_role("button", name="Start missing", exact=True).click()

    alert = row(page, "missing").get_by_role("alert")
    expect(alert).to_contain_text("no file")
    alert.get_by_role("button", name="Dismiss").click()
    expect(row(page, "missing").get_by_role("alert")).to_have_count(0)


def test_many_are_stopped_only_after_a_question(daemon_of: Start, visit: Open) -> None:
    daemon, address = daemon_of(PROGRAMS)
    page = visit().open(address)
    page.get_by_role("checkbox", name="Select web", exact=True).check()
    page.get_by_role("checkbox", name="Select worker:worker_1", exact=True).check()
    many = page.get_by_role("group", name="Actions on many processes")
    expect(many).to_contain_text("2 processes selected")

    many.get_by_role("button", name="Stop").click()
    question = page.get_by_role("dialog", name="Stop 2 processes?")
    expect(question.get_by_role("listitem")).to_have_text(["web", "worker:worker_1"])
    question.get_by_role("button", name="Cancel").click()
    assert len(daemon.pids()) == 4

    many.get_by_role("button", name="Stop").click()
    question.get_by_role("button", name="Stop").click()
    expect_state(page, "web", "stopped")
    expect_state(page, "worker:worker_1", "stopped")
    expect_state(page, "worker:worker_0", "running")


def test_a_group_is_stopped_and_started(daemon_of: Start, visit: Open) -> None:
    _daemon, address = daemon_of(PROGRAMS)
    page = visit().open(address)
    counts = page.locator("tr.group .counts")
    expect(counts).to_have_text("3 running")

    page.get_by_role("button", name="Stop group worker").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop").click()
    expect(counts).to_have_text("3 stopped")
    page.get_by_role("button", name="Start group worker", exact=True).click()
    expect(counts).to_have_text("3 running")


def test_a_signal_is_sent(daemon_of: Start, visit: Open) -> None:
    _daemon, address = daemon_of(PROGRAMS)
    page = visit().open(address)

    page.get_by_role("button", name="More for web", exact=True).click()
    page.get_by_role("menuitem", name="Signal").click()
    page.get_by_role("dialog").get_by_label("Signal").select_option("USR1")
    page.get_by_role("dialog").get_by_role("button", name="Send").click()

    expect(row(page, "web").locator(".c-exit")).to_contain_text("SIGUSR1")


def test_a_lost_connection_is_shown_and_found_again(daemon_of: Start, visit: Open) -> None:
    daemon, address = daemon_of(PROGRAMS)
    page = visit().open(address)
    expect_state(page, "web", "running")
    expect(page.locator("#connection")).to_have_text("Live")

    daemon.close()
    expect(page.locator("#connection")).to_contain_text("Connection lost")
    daemon.start()
    expect(page.locator("#connection")).to_have_text("Live")

    expect(page.locator("#notice")).to_contain_text("Connected again")
    expect(row(page, "web").locator(".c-pid")).to_have_text(str(daemon.pids()["web:web"]))


def test_a_restart_of_the_daemon_by_button_is_survived(daemon_of: Start, visit: Open) -> None:
    daemon, address = daemon_of(PROGRAMS)
    page = visit().open(f"{address}#/daemon")
    expect(page.get_by_role("log")).to_contain_text("supervisord started with pid")

    page.get_by_role("button", name="Restart daemon").click()
    page.get_by_role("dialog").get_by_role("button", name="Restart").click()

    daemon.wait_line("supervisord started with pid", count=2)
    expect(page.locator("#notice")).to_contain_text("Connected again")
    expect(page.locator("#connection")).to_have_text("Live")


def test_the_plan_is_shown_and_carried_out(daemon_of: Start, visit: Open) -> None:
    daemon, address = daemon_of(PROGRAMS)
    page = visit().open(f"{address}#/plan")
    expect(page.locator(".summary")).to_have_text("What runs is what the files say.")
    expect(page.get_by_role("button", name="Update")).to_be_disabled()
    more = "[program:extra]\ncommand = sleep 1000\nstartsecs = 0\n"
    daemon.rewrite(PROGRAMS.replace("numprocs = 3", "numprocs = 3\npriority = 7") + more)

    page.get_by_role("button", name="Read again").click()
    expect(page.get_by_role("heading", name="Added: 1")).to_be_visible()
    expect(page.locator(".differences")).to_contain_text("priority")
    page.get_by_role("button", name="Update").click()
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("worker")
    question.get_by_role("button", name="Update").click()

    expect(page.locator(".summary")).to_have_text("What runs is what the files say.")
    page.get_by_role("link", name="Processes").click()
    expect_state(page, "extra", "running")


def test_a_broken_file_is_told_on_the_plan(daemon_of: Start, visit: Open) -> None:
    daemon, address = daemon_of(PROGRAMS)
    daemon.rewrite("[program:web]\n")

    page = visit().open(f"{address}#/plan")

    expect(page.get_by_role("alert")).to_contain_text("command")
    expect(page.get_by_role("button", name="Update")).to_be_disabled()


def test_a_process_has_a_page_with_its_past_and_configuration(daemon_of: Start, visit: Open) -> None:
    _daemon, address = daemon_of("[program:web]\ncommand = sleep 1000\nstartsecs = 0\nenvironment = TOKEN='secret'\n")
    page = visit().open(address)
    page.get_by_role("link", name="web", exact=True).click()

    history = page.get_by_role("group", name="History")
    expect(history).to_contain_text("autostart")
    expect(page.locator(".config")).to_contain_text("sleep 1000")
    expect(page.locator(".config")).to_contain_text("TOKEN")
    expect(page.locator("body")).not_to_contain_text("secret")
    expect(page.get_by_role("img", name="Memory over the last hour")).to_have_attribute(
        "aria-label", re.compile(r"now \d")
    )
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(history).to_contain_text("stopped")
    expect(page.locator(".process-head .badge")).to_have_text("stopped")


def test_the_next_run_of_a_schedule_is_shown(daemon_of: Start, visit: Open) -> None:
    options = "startsecs = 0\nautostart = true\nschedule = 30 2 1 1 *\n"
    _daemon, address = daemon_of(
        f'[program:job]\ncommand = sh -c "exit 3"\n{options}[program:web]\ncommand = sleep 1000'
    )
    page = visit().open(address)

    expect_state(page, "job", "exited")
    expect(row(page, "job").locator(".c-exit")).to_have_text(
        re.compile(r"^next run \d{4}-01-01 \d\d:30:00 · exit status 3$")
    )
    expect(row(page, "web").locator(".c-exit")).to_have_text("")
    page.get_by_role("link", name="job", exact=True).click()
    facts = page.locator("dl.facts")
    expect(facts).to_contain_text(re.compile(r"Next run\d{4}-01-01 \d\d:30:00 \(30 2 1 1 \*\)"))
    page.get_by_role("link", name="Back to all processes").click()
    page.get_by_role("link", name="web", exact=True).click()
    expect(page.locator("dl.facts dt", has_text="Next run")).to_be_hidden()
