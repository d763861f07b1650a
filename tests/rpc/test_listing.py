"""The list of all processes: the kept texts never show, whatever changes from one answer to the next."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from tests.fakes_control import view
from warden.rpc.control import ProcessView
from warden.rpc.listing import ProcessList, Texts
from warden.rpc.views import process_struct
from warden.rpc.xmlrpc import check, dump_response
from warden.words import Phase

numbers = st.sampled_from([0, 1, 1_795_226_542, 2**31 - 1, 2**31, -(2**31)])
words = st.sampled_from(["", "pid 77, uptime 0:00:05", "no <such> & file\r", "f\u00fc\u00df", "\x00\ud800"])
views = st.builds(
    view,
    st.sampled_from(["a", "b", "a&b"]),
    st.sampled_from(["g", "h"]),
    st.sampled_from(Phase),
    description=words,
    start=numbers,
    stop=numbers,
    now=numbers,
    spawnerr=words,
    exitstatus=numbers,
    stdout_logfile=words,
    pid=numbers,
    schedule=st.sampled_from(["", "@daily"]),
    next_run=numbers,
    last_run=numbers,
)


def written_at_once(fleet: list[ProcessView]) -> bytes:
    return dump_response([process_struct(one) for one in fleet])


@given(st.lists(st.lists(views, max_size=4), max_size=4))
def test_an_answer_is_what_it_would_be_without_the_answers_before(answers: list[list[ProcessView]]) -> None:
    texts = Texts()

    for fleet in answers:
        assert dump_response(ProcessList(fleet, texts)) == written_at_once(fleet)


def test_the_time_goes_on() -> None:
    texts = Texts()
    fleet = [view("a"), view("b")]
    later = [one._replace(now=one.now + 60, description="pid 77, uptime 0:01:05") for one in fleet]

    dump_response(ProcessList(fleet, texts))

    assert dump_response(ProcessList(later, texts)) == written_at_once(later)


def test_the_list_can_stand_among_other_answers() -> None:
    fleet = [view("a")]
    answer = ["before", ProcessList(fleet, Texts()), "after"]

    check(answer)
    assert dump_response(answer) == dump_response(["before", [process_struct(fleet[0])], "after"])


def test_only_a_program_with_a_schedule_has_members_about_it() -> None:
    plain = process_struct(view("a", schedule=""))
    struct = process_struct(view("a", schedule="@daily", next_run=1_795_300_000, last_run_exit="exit status 0"))

    assert {name: value for name, value in struct.items() if name not in plain} == {
        "schedule": "@daily",
        "next_run": 1_795_300_000,
        "last_run": 0,
        "last_run_exit": "exit status 0",
    }


def test_those_who_look_inside_find_structs() -> None:
    fleet = [view("a"), view("b")]
    found = ProcessList(fleet, Texts())
    structs: list[Mapping[str, object]] = [process_struct(one) for one in fleet]

    assert list(found) == structs
    assert (len(found), found[1], found[:1]) == (2, structs[1], structs[:1])
