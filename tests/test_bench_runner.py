"""The yardstick itself (`sipcore_bench`): who is timed, what is called a difference, what is printed and kept."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from typer.testing import CliRunner

from sipcore_bench import cli, noise, run
from sipcore_bench.cli import app
from sipcore_bench.compare import changes, remarks, show_changes
from sipcore_bench.contestant import Absent, Rejected, Roster, Unreadable
from sipcore_bench.markdown import markdown
from sipcore_bench.noise import Noise, aa_floor, histogram, measure
from sipcore_bench.questions import QUESTIONS, Inputs
from sipcore_bench.report import show
from sipcore_bench.results import Entrant, QuestionResult, RelayRow, ResultsError, RunResults, load, save
from sipcore_bench.rows import number, rows_of
from sipcore_bench.run import Selection, SelectionError
from sipcore_bench.runner import Cell, Effort, Input, Objection, Timing, check, run_cell
from sipcore_bench.stats import differs, median_interval, paired_ratios, summarise, two_speeds

SMALL = Effort(rounds=4, turn_ns=2_000, pool=60, checked=10)
LETTERS = Input("letters", [b"%03d" % n for n in range(200)], expected=bytes.upper)


@dataclass
class Fake:
    """A contestant that needs a stated time an item and keeps a log of its turns."""

    name: str
    ns_an_item: int = 10
    kind: Any = "peer"
    question: str = "fields"
    version: str = "1"
    says: Callable[[bytes], object] = bytes.upper
    turns: list[tuple[str, tuple[bytes, ...]]] = field(default_factory=list)

    def answer(self, item: bytes) -> object:
        return self.says(item)

    def timed(self, items: list[bytes]) -> Callable[[], int]:
        def one_pass() -> int:
            self.turns.append((self.name, tuple(items)))
            return self.ns_an_item * len(items)

        return one_pass


def raising(error: Exception) -> Callable[[bytes], object]:
    def say(_: bytes) -> object:
        raise error

    return say


# -- who is timed


@pytest.mark.parametrize(
    ("says", "verdict", "why"),
    [
        (raising(Rejected("no Via")), "rejected", "no Via"),
        (raising(Unreadable(["branch", "to_tag"])), "unreadable", "branch, to_tag"),
        (raising(RuntimeError("boom")), "failed", "RuntimeError: boom"),
        (bytes.lower, None, None),
        (lambda item: item + b"!", "wrong", "b'000!' instead of b'000'"),
    ],
)
def test_only_who_answers_right_is_timed(says, verdict, why):
    cell = run_cell("fields", LETTERS, [Fake("a", says=says), Fake("b")], SMALL)
    if verdict is None:
        assert [timing.contestant for timing in cell.timings] == ["a", "b"]
        assert cell.objections == []
    else:
        assert [timing.contestant for timing in cell.timings] == ["b"]
        assert cell.objections == [Objection("a", "letters", verdict, why)]


def test_a_wrong_answer_late_in_the_pool_is_found():
    late = Fake("late", says=lambda item: b"?" if item == LETTERS.items[180] else item)
    assert check(late, LETTERS, sample=10).verdict == "wrong"


def test_a_wrong_field_is_named():
    question = QUESTIONS["fields"]
    given_ = Inputs(seed=1, size=3).of(question, "message")
    right = question.expected(None)
    objection = check(Fake("f", says=lambda item: right(item)._replace(cseq=0)), given_, 3)
    assert re.fullmatch(r"cseq: 0 instead of \d+", objection.why)


# -- turns


def test_contestants_take_turns_in_every_round():
    log: list[Any] = []
    run_cell("fields", LETTERS, [Fake(name, ns_an_item=100, turns=log) for name in "abc"], SMALL)
    order = [name for name, items in log][-3 * SMALL.rounds :]
    assert order == ["a", "b", "c"] * SMALL.rounds


def test_a_slow_contestant_sees_another_share_of_the_pool_at_each_turn():
    slow = Fake("slow", ns_an_item=1_000_000)
    run_cell("fields", LETTERS, [slow], SMALL)
    shares = [items for _, items in slow.turns][-SMALL.rounds :]
    assert [len(items) for items in shares] == [50] * 4
    assert {item for items in shares for item in items} == set(LETTERS.items)


def test_a_fast_contestant_sees_the_whole_pool_as_often_as_the_turn_lasts():
    fast = Fake("fast", ns_an_item=2)
    run_cell("fields", LETTERS, [fast], SMALL)
    shares = [items for _, items in fast.turns if len(items) == len(LETTERS.items)]
    assert len(shares) >= 2 * SMALL.rounds


def test_times_are_per_message_also_where_an_input_holds_many():
    chunks = replace(LETTERS, per_item=10)
    cell = run_cell("frame", chunks, [Fake("a", ns_an_item=500)], SMALL)
    assert cell.timings[0].rounds_ns == [50.0] * SMALL.rounds
    assert cell.size == 0.3


def test_the_spin_of_every_round_is_kept():
    cell = run_cell("fields", LETTERS, [Fake("a")], SMALL)
    assert len(cell.spin_ns) == SMALL.rounds
    assert min(cell.spin_ns) > 0


# -- what a row of samples says


@given(st.lists(st.floats(1, 1e9), min_size=1, max_size=40))
def test_a_summary_and_its_interval_hold_the_median(samples):
    summary = summarise(samples)
    low, high = median_interval(samples)
    assert low <= summary.median <= high
    assert summary.minimum == min(samples)
    assert summary.spread >= 0


@pytest.mark.parametrize(("count", "cut"), [(1, 0), (5, 0), (6, 0), (8, 0), (9, 1), (12, 2), (15, 3)])
def test_the_interval_leaves_out_as_much_as_the_sign_test_allows(count, cut):
    # Classical table of the sign test at 5 %: n = 9 allows 1 on a side, 12 allows 2, 15 allows 3.
    assert median_interval([float(n) for n in range(count)]) == (cut, count - 1 - cut)


def test_a_change_of_speed_that_meets_both_is_no_difference():
    ours = [100.0] * 5 + [180.0] * 4
    theirs = [101.0] * 5 + [181.0] * 4
    assert not differs(paired_ratios(theirs, ours), floor=0.03)


def test_a_difference_that_shows_in_every_round_is_one_at_any_speed():
    ours = [100.0, 180.0, 100.0, 180.0, 100.0, 180.0, 100.0, 180.0, 100.0]
    theirs = [time * 1.2 for time in ours]
    assert differs(paired_ratios(theirs, ours), floor=0.05)
    assert differs(paired_ratios(ours, theirs), floor=0.05)


def test_a_difference_below_the_floor_or_in_some_rounds_only_is_none():
    assert not differs([1.04] * 9, floor=0.05)
    assert not differs([2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 0.9, 0.9, 0.9], floor=0.05)


def test_two_speeds_are_seen_and_a_few_interrupts_are_not():
    fast, slow = [100, 101, 102, 103] * 30, [180, 181, 182] * 10
    assert two_speeds(fast + slow) == (101.5, 181, 0.2)
    assert two_speeds([*fast, 900, 1500]) is None
    assert two_speeds(fast) is None
    assert two_speeds([5.0]) is None


# -- noise


def test_the_floor_of_a_steady_machine_is_nothing_and_of_a_jumpy_one_is_not():
    assert aa_floor([100] * 400, rounds=9) == 0
    jumpy = ([100] * 8 + [130] * 8) * 25
    assert aa_floor(jumpy, rounds=9) == pytest.approx(0.23, abs=0.01)


def test_noise_is_measured_and_every_sample_kept():
    ticking = iter(range(100, 10_000))
    found = measure(rounds=9, core=3, quick=True, work=lambda: next(ticking))
    assert len(found.samples_ns) == noise.QUICK_SAMPLES
    assert found.core == 3
    assert found.summary.minimum == 101


def test_the_histogram_holds_every_sample():
    bars = histogram([100] * 50 + [150] * 50 + [10_000])
    assert sum(count for _, _, count in bars) == 101
    assert bars[0][2] == 50


def test_pinning_ends_with_the_block():
    import os

    before = os.sched_getaffinity(0)
    with noise.pinned() as core:
        assert os.sched_getaffinity(0) == {core}
    assert os.sched_getaffinity(0) == before


# -- what is printed


def results(**changed: Any) -> RunResults:
    """A run with all there is: a reference, one that is faster, one inside the noise, one not timed."""
    spin = [1000] * 9
    cell = Cell(
        "fields",
        "message",
        600.0,
        [
            Timing("limit: twelve [C]", [100.0 + n for n in range(9)], 2512.0),
            Timing("sipcore: 12 fields", [400.0 + n for n in range(9)], 27_549.0),
            Timing("a | peer", [404.0 + n for n in range(9)]),
        ],
        [Objection("old peer", "message", "rejected", "no\nMESSAGE")],
        spin,
    )
    entrants = [
        Entrant("limit: twelve [C]", "limit", "here"),
        Entrant("sipcore: 12 fields", "ours", "0.1.0"),
        Entrant("a | peer", "peer", "2"),
        Entrant("old peer", "peer", "0"),
    ]
    relay = {"mix": "BENOTIFY", "transport": "udp", "window": 256}
    made = RunResults(
        made="2026-11-22T12:00:00+00:00",
        command="sipcore bench",
        machine={"cores": "2"},
        versions={"sipcore": "0.1.0"},
        effort=SMALL,
        seed=1,
        noise=Noise([100] * 90 + [180] * 30, summarise([100] * 90 + [180] * 30), (100, 180, 0.25), 0.05, 1),
        absent=[Absent("peers.sofia", "not installed")],
        questions=[QuestionResult("fields", "read twelve fields", "message", entrants, [cell], "message")],
        relay=[
            RelayRow(relay | {"relay": "sipcore", "messages/s": 5171}, {"turns": [1, 2]}),
            RelayRow(relay | {"relay": "none", "messages/s": 340_400}, {"turns": []}),
        ],
        notes=["a note"],
    )
    return replace(made, **changed)


def printed(what: Callable[..., None], *arguments: Any) -> str:
    console = Console(file=io.StringIO(), width=160, highlight=False)
    what(console, *arguments)
    return console.file.getvalue()


def test_rows_compare_with_ours_and_mark_what_is_inside_the_noise():
    rows = {row.name: row for row in rows_of(results().questions[0], floor=0.05)}
    assert list(rows) == ["limit: twelve [C]", "sipcore: 12 fields", "a | peer"]
    assert rows["sipcore: 12 fields"].figures[0].headline() == "404"
    assert rows["limit: twelve [C]"].figures[0].headline() == "104 x0.26"
    assert rows["a | peer"].figures[0].headline() == "408 ~"
    assert rows["a | peer"].figures[0].detail() == "404 ±1%"
    assert rows["sipcore: 12 fields"].mb_per_s == pytest.approx(1485, abs=1)


@pytest.mark.parametrize("shown", [lambda: printed(show, results()), lambda: markdown(results())])
def test_both_forms_have_every_figure_and_everybody_who_is_missing(shown):
    text = " ".join(shown().split())
    for needed in (
        "404",
        "104 x0.26",
        "408 ~",
        "±1%",
        "limit: twelve [C]",
        "2512",
        "27.5k",
        "not timed: old peer: rejected (message): no MESSAGE",
        "not here: peers.sofia: not installed",
        "a note",
        "slow one 25% of the time",
        "up to 5.0% apart",
        "window 256",
        "5171",
        "callgrind",
    ):
        assert needed in text, needed


def test_markdown_is_one_cell_a_column_whatever_the_names_hold():
    table = [line.replace("\\|", "") for line in markdown(results()).splitlines() if line.startswith("|")]
    widths = {re.sub(r"[^|]", "", line) for line in table if "MB/s" in line or "limit" in line or "peer" in line}
    assert len(widths) == 1


def test_a_narrow_terminal_gets_every_kind_in_several_tables():
    cells = [replace(results().questions[0].cells[0], kind=f"kind-{n}") for n in range(6)]
    many = results(questions=[replace(results().questions[0], cells=cells)])
    console = Console(file=io.StringIO(), width=80, highlight=False)
    show(console, many)
    text = console.file.getvalue()
    assert all(f"kind-{n}" in text for n in range(6))
    assert max(map(len, text.splitlines())) <= 80


def test_numbers_have_the_digits_they_deserve():
    shown = [number(value) for value in (0.26, 6.23, 402.4, 9999.4, 9999.6, 19_900, 999_949, 1_100_000)]
    assert shown == ["0.26", "6.2", "402", "9999", "10.0k", "19.9k", "999.9k", "1.10M"]


# -- what is kept


def test_results_come_back_from_their_file_whole(tmp_path):
    save(results(), tmp_path / "r.json")
    assert load(tmp_path / "r.json") == results()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{}", "schema"),
        ('{"schema": "sipcore-bench/0"}', "its schema is 'sipcore-bench/0'"),
        ('{"schema": "sipcore-bench/1"}', "made"),
        ("not json", "malformed"),
    ],
)
def test_another_file_is_not_taken_for_results(tmp_path, text, complaint):
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(ResultsError, match=complaint):
        load(tmp_path / "r.json")


# -- then and now


def with_times(factor: float, spin: int = 1000) -> RunResults:
    made = results()
    cell = made.questions[0].cells[0]
    timings = [replace(timing, rounds_ns=[time * factor for time in timing.rounds_ns]) for timing in cell.timings]
    cells = [replace(cell, timings=timings, spin_ns=[spin] * 9)]
    return replace(made, questions=[replace(made.questions[0], cells=cells)])


def test_what_became_slower_or_faster_is_said():
    assert {change.mark() for change in changes(results(), with_times(1.5))} == {"x1.50 slower"}
    assert {change.mark() for change in changes(results(), with_times(0.5))} == {"x0.50 faster"}


def test_what_did_not_change_is_noise():
    assert {change.mark() for change in changes(results(), results())} == {"~"}
    assert {change.mark() for change in changes(results(), with_times(1.04))} == {"~"}


def test_a_machine_at_another_speed_is_no_change_of_ours():
    assert {change.mark() for change in changes(results(), with_times(1.8, spin=1800))} == {"~"}


def test_only_what_was_timed_both_times_is_compared():
    other = results()
    other.questions[0].cells[0].timings.pop()
    assert [change.contestant for change in changes(other, results())] == ["limit: twelve [C]", "sipcore: 12 fields"]


def test_differences_of_the_circumstances_are_told():
    told = "\n".join(remarks(results(), results(machine={"cores": "64"}, seed=2)))
    assert "Not the same cores: 2 then, 64 now." in told
    assert "seed" in told
    assert "Compared with the run of 2026" in printed(show_changes, results(), with_times(1.5))


# -- what is asked


def test_every_question_knows_right_answers_for_each_of_its_kinds():
    inputs = Inputs(seed=7, size=100)
    for question in QUESTIONS.values():
        assert question.counted in question.kinds
        for given_ in inputs.all_of(question):
            assert given_.expected(given_.items[0]) is not None


def test_messages_of_ones_own_are_asked_what_can_be_judged(tmp_path):
    message = Inputs(seed=1, size=1).of(QUESTIONS["fields"], "message").items[0]
    response = Inputs(seed=1, size=1).of(QUESTIONS["fields"], "ok").items[0]
    (tmp_path / "a.sip").write_bytes(message)
    (tmp_path / "b.sip").write_bytes(response)
    own = Inputs(seed=1, size=10, folder=tmp_path)
    assert [given_.kind for given_ in own.all_of(QUESTIONS["fields"])] == [tmp_path.name]
    (forwarding,) = own.all_of(QUESTIONS["forward"])
    assert forwarding.items == [message], "a response is not forwarded that way"
    assert list(own.all_of(QUESTIONS["filter"])) == []
    assert "right answer" in own.why_none(QUESTIONS["filter"])
    assert list(own.all_of(QUESTIONS["frame"])) == []
    assert "100 messages" in own.why_none(QUESTIONS["frame"])


def test_a_selection_takes_questions_and_beginnings_of_names():
    ours, peer = Fake("sipcore: parse", question="index"), Fake("sippy 2.5: parse", question="index")
    assert Selection().of([ours, peer]) == [ours, peer]
    assert Selection(("index",)).of([ours, peer]) == [ours, peer]
    assert Selection(("index/sipc",)).of([ours, peer]) == [ours]
    assert Selection(("*/*2.5*",)).of([ours, peer]) == [peer]
    assert [question.id for question in Selection(("f*",)).questions()] == ["fields", "forward", "frame", "filter"]


@pytest.mark.parametrize("pattern", ["speed", "relay/kamailio", ""])
def test_a_pattern_that_fits_no_question_is_refused(pattern):
    with pytest.raises(SelectionError):
        Selection((pattern,))


def test_a_pattern_that_fits_nobody_is_refused():
    with pytest.raises(SelectionError, match="nobody of that name"):
        Selection(("index/nobody",)).of([Fake("sipcore: parse", question="index")])


# -- the command


@pytest.fixture
def fakes(monkeypatch):
    """The command with two contestants that need no time to speak of."""
    answer = QUESTIONS["fields"].expected(None)
    present = [Fake("sipcore: fake", kind="ours", says=answer), Fake("peer: fake", says=answer, ns_an_item=30)]
    everybody = Roster(present, [Absent("peers.none", "not installed")])
    for module in (cli, run):
        monkeypatch.setattr(module, "roster", lambda: everybody)
    monkeypatch.setattr(cli, "QUICK", SMALL)
    return present


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments), obj="sipcore bench " + " ".join(arguments))


def test_the_command_measures_prints_and_writes(fakes, tmp_path):
    made, tables = tmp_path / "r.json", tmp_path / "r.md"
    ran = invoke("--quick", "--only", "fields", "--json", str(made), "--markdown", str(tables))
    assert ran.exit_code == 0, ran.output
    assert "sipcore: fake" in ran.stdout
    assert ran.stderr == "", "progress is for terminals"
    assert "peer: fake" in tables.read_text()
    kept = load(made)
    assert [len(timing.rounds_ns) for timing in kept.questions[0].cells[0].timings] == [SMALL.rounds] * 2
    again = invoke("--quick", "--only", "fields", "--compare", str(made))
    assert again.exit_code == 0, again.output
    assert "Compared with the run of" in again.stdout


def test_a_wrong_answer_of_ours_is_status_1_and_of_a_peer_is_not(fakes):
    fakes[1].says = raising(Rejected("never"))
    assert invoke("--quick", "--only", "fields").exit_code == 0
    fakes[0].says = raising(Unreadable(["branch"]))
    assert invoke("--quick", "--only", "fields").exit_code == 0, "a gap that is owned up to is listed, not a fault"
    fakes[0].says = bytes.upper
    ran = invoke("--quick", "--only", "fields")
    assert ran.exit_code == 1
    assert "wrong answer of sipcore: sipcore: fake, fields, register" in ran.stderr


def test_the_list_shows_who_is_here_and_who_is_not(fakes):
    listed = invoke("--list")
    assert listed.exit_code == 0
    for needed in ("fields", "sipcore: fake", "relay", "not here: peers.none: not installed"):
        assert needed in listed.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--only", "speed"], "no question is called 'speed'"),
        (["--only", "fields/nobody"], "nobody of that name"),
        (["--compare", "no-such.json"], "no-such.json: cannot be read"),
        (["--json", "no-such-folder/r.json"], "cannot be written"),
        (["--messages", "no-such-folder"], "no-such-folder"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_measured(fakes, arguments, complaint):
    ran = invoke("--quick", *arguments)
    assert ran.exit_code == 2
    assert complaint in ran.stderr
    assert all(not fake.turns for fake in fakes)


def test_sipcore_bench_is_the_same_command(fakes):
    from sipcore.cli import app as whole

    listed = CliRunner().invoke(whole, ["bench", "--list"])
    assert listed.exit_code == 0
    assert "sipcore: fake" in listed.stdout
