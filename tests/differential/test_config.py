"""Every configuration and command line error: text and exit status, as far as the two sides share words."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from differential.config_cases import CASES, Case
from differential.story import Plot, Story
from harness.daemon import environment
from harness.sides import REFERENCE
from harness.warm import WarmCommand

CHAPTERS = sorted({case.name.partition(":")[0] for case in CASES})


def refusal(story: Story, supervisord: WarmCommand, case: Case) -> str:
    """Start supervisord on a file it must refuse; return what it says up to the pointer to its help.

    Warden says more after that: the place of the mistake and advice.
    """
    for name, text in {**case.files, "conf": case.text}.items():
        path = story.home / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode(errors="surrogateescape"))

    ran = supervisord.run(["-n", "-c", str(story.home / "conf"), *case.argv], story.home)

    message, pointer, _ = ran.stderr.partition("\nFor help, use ")
    first = ran.stdout.splitlines()[:1] if not message else []
    return f"{message}{pointer and ' ...'}{first}[rc {ran.rc}]"


def chapter_of_errors(chapter: str) -> Plot:
    """Make the plot that goes through the cases whose names begin with the chapter's."""

    def plot(story: Story) -> None:
        module = "supervisor.supervisord" if story.side is REFERENCE else "warden.daemon.main"
        with WarmCommand(story.side, module, "supervisord", environment(LC_ALL="C.UTF-8")) as supervisord:
            for case in CASES:
                if case.name.partition(":")[0] == chapter:
                    story.note(case.name, refusal(story, supervisord, case))

    plot.__name__ = f"errors_{chapter.replace(' ', '_')}"
    return plot


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_configuration_error_reads_the_same(chapter: str, side_by_side: Callable[[Plot], str]) -> None:
    assert not (differences := side_by_side(chapter_of_errors(chapter))), differences
