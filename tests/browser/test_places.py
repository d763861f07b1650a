"""Wherever and however the page is looked at: phones, darkness, other paths, no scripts, no eyes."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from browser.site import Visit, free_port
from e2e.shop import PATH, need
from harness.daemon import Daemon, environment
from harness.waiting import until

Start = Callable[..., tuple[Daemon, str]]
Open = Callable[..., Visit]

PROGRAMS = """
[program:web]
command = sh -c "printf '\\033[31mred\\033[0m \\033[90mgrey\\033[0m plain\\n'; exec sleep 1000"
startsecs = 0
[program:worker]
command = sleep 1000
process_name = worker_%(process_num)d
numprocs = 3
startsecs = 0
[program:broken]
command = false
startretries = 0
startsecs = 1
"""
PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
NGINX = """
daemon off;
pid {home}/nginx.pid;
error_log {home}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {home}/t1;
  proxy_temp_path {home}/t2;
  fastcgi_temp_path {home}/t3;
  uwsgi_temp_path {home}/t4;
  scgi_temp_path {home}/t5;
  server {{
    listen 127.0.0.1:{port};
    location /ops/shop/ {{ proxy_pass {target}; }}
  }}
}}
"""


@contextmanager
def nginx(home: Path, target: str) -> Iterator[str]:
    """Serve ``target`` below /ops/shop/ with as little configuration as people write."""
    need({"nginx": "nginx"})
    port = free_port()
    config = home / "nginx.conf"
    config.write_text(NGINX.format(home=home, port=port, target=target))
    server = subprocess.Popen(["nginx", "-p", home, "-c", config, "-e", home / "error.log"], env=environment(PATH=PATH))
    try:
        until((home / "nginx.pid").exists, lambda: "nginx has a pid file")
        yield f"http://127.0.0.1:{port}/ops/shop/"
    finally:
        server.terminate()
        server.wait()


def overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than the window."""
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert isinstance(width, int)
    return width


def test_everything_works_below_another_path(daemon_of: Start, visit: Open, tmp_path: Path) -> None:
    _daemon, address = daemon_of(PROGRAMS)
    with nginx(tmp_path, address) as public:
        visited = visit()
        page = visited.open(public)
        state = page.locator('tr[data-key="p web"] .c-state')
        expect(state).to_have_text("running")

        page.get_by_role("button", name="Stop web", exact=True).click()
        expect(state).to_have_text("stopped")
        page.get_by_role("link", name="web", exact=True).click()
        expect(page.get_by_role("log")).to_contain_text("red grey plain")
        page.get_by_role("link", name="API").click()
        expect(page).to_have_url(f"{public}api/docs")
        visited.close()


@pytest.mark.parametrize("way", ["asked", "in the address"])
def test_a_password_is_no_obstacle(daemon_of: Start, visit: Open, way: str) -> None:
    _daemon, address = daemon_of(PROGRAMS, "username = u\npassword = p\n")
    if way == "asked":
        page = visit(http_credentials={"username": "u", "password": "p"}).open(address)
    else:
        page = visit().open(address.replace("//", "//u:p@"))

    page.get_by_role("button", name="Stop web", exact=True).click()

    expect(page.locator('tr[data-key="p web"] .c-state')).to_have_text("stopped")


def test_a_process_that_is_not_there_is_told(daemon_of: Start, visit: Open) -> None:
    _daemon, address = daemon_of(PROGRAMS)
    page = visit().open(f"{address}#/process/nobody%3A%3Cb%3E")

    expect(page.get_by_role("heading", level=1)).to_have_text("nobody:<b>")
    expect(page.get_by_role("alert")).to_contain_text("no process of that name")
    expect(page.get_by_text("There is no log.")).to_be_visible()


def test_the_page_works_without_scripts(daemon_of: Start, visit: Open) -> None:
    daemon, address = daemon_of(PROGRAMS)
    page = visit(java_script_enabled=False).page
    page.goto(address)

    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="web", exact=True))
    expect(row.locator("td span").first).to_have_text("running")
    row.get_by_role("link", name="Stop").click()

    expect(page.locator(".status_msg")).to_have_text("Process web stopped")
    expect(row.locator("td span").first).to_have_text("stopped")
    assert daemon.info("web")["statename"] == "STOPPED"


@pytest.mark.parametrize("place", ["", "#/process/web", "#/plan", "#/daemon"])
def test_nothing_is_wider_than_a_phone(daemon_of: Start, visit: Open, place: str) -> None:
    _daemon, address = daemon_of(PROGRAMS)
    page = visit(**PHONE).open(address + place)
    expect(page.locator("#view .page")).to_be_visible()

    assert overflow(page) == 0


def test_a_phone_shows_and_stops_a_process(daemon_of: Start, visit: Open) -> None:
    _daemon, address = daemon_of(PROGRAMS)
    page = visit(**PHONE).open(address)
    row = page.locator('tr[data-key="p web"]')
    expect(row.locator(".c-line")).to_have_text("red grey plain")

    page.get_by_role("button", name="Stop web", exact=True).tap()

    expect(row.locator(".c-state")).to_have_text("stopped")


def test_colours_follow_the_system(daemon_of: Start, visit: Open) -> None:
    _daemon, address = daemon_of(PROGRAMS)
    page = visit(color_scheme="light").open(address)
    brightness = (
        "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).reduce((a, b) => a + +b, 0)"
    )
    light = page.evaluate(brightness)

    page.emulate_media(color_scheme="dark")

    assert light > 600 > 200 > page.evaluate(brightness)


def test_nothing_turns_for_those_who_do_not_want_it(daemon_of: Start, visit: Open) -> None:
    _daemon, address = daemon_of(PROGRAMS)
    page = visit(reduced_motion="reduce").open(address)
    button = page.locator(".act").first

    button.evaluate("(button) => button.setAttribute('aria-busy', 'true')")

    assert button.evaluate("(button) => getComputedStyle(button, '::after').animationName") == "none"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1360, 800, 360])
def test_no_accessibility_rule_is_broken(daemon_of: Start, visit: Open, scheme: str, width: int) -> None:
    _daemon, address = daemon_of(PROGRAMS)
    page = visit(color_scheme=scheme, viewport={"width": width, "height": 800}).open(address)
    expect(page.locator('tr[data-key="p broken"] .c-state')).to_have_text("fatal")
    page.get_by_role("checkbox", name="Select web", exact=True).check()
    expect_accessible(page)
    page.get_by_role("button", name="More for web", exact=True).click()
    expect_accessible(page)
    page.keyboard.press("Escape")
    page.keyboard.press("?") if width > 800 else page.keyboard.press("x")
    expect_accessible(page)
    page.keyboard.press("Escape")
    for place, ready in (("#/process/web", ".line"), ("#/plan", ".summary:not(:empty)"), ("#/daemon", ".line")):
        page.goto(address + place)
        expect(page.locator(ready).first).to_be_visible()
        expect_accessible(page)


@pytest.mark.parametrize("place", ["", "tail.html?processname=web", "index.html?action=stopall"])
def test_plain_pages_break_no_accessibility_rule(daemon_of: Start, visit: Open, place: str) -> None:
    _daemon, address = daemon_of(PROGRAMS)
    page = visit(java_script_enabled=place != "").page
    page.goto(address + place)

    if place:
        expect_accessible(page)
    else:
        assert page.get_by_role("main").count() == 1  # axe itself needs scripts


def expect_accessible(page: Page) -> None:
    found = Axe().run(page, options={"resultTypes": ["violations"]})
    assert found.violations_count == 0, found.generate_report()
