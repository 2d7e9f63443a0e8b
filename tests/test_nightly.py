"""The nightly report says what happened, also when it was not good."""

from __future__ import annotations

from subprocess import CompletedProcess

from nightly import FULL, Fuzzed, read_log, report

LOG = """INFO: Loaded 7 modules   (43844 inline 8-bit counters): 6563 [0x7f9c, 0x7f9d)
#16\tpulse  cov: 1700 ft: 3000 corp: 7/3000b exec/s: 0 rss: 180Mb
#18\tINITED cov: 1818 ft: 3192 corp: 8/3309b exec/s: 0 rss: 180Mb
#16584\tNEW    cov: 2293 ft: 7520 corp: 516/197Kb lim: 681 exec/s: 1382 rss: 577Mb L: 257/681 MS: 5 EraseBytes-
artifact_prefix='build/fuzz/findings/edit-'; Test unit written to build/fuzz/findings/edit-crash-56
stat::number_of_executed_units: 16645
"""


def test_a_log_of_libfuzzer_is_read():
    said = "stat::number_of_executed_units: 16645"
    assert read_log("edit", LOG, 77) == Fuzzed("edit", 16645, 1818, 2293, "edit-crash-56", 77, said)
    assert read_log("edit", "no\nclang is missing\n", 2) == Fuzzed("edit", 0, 0, 0, "", 2, "clang is missing")


def page(**wanted: int) -> str:
    leaks = CompletedProcess([], 1, "1 message: +9999 live blocks\n", "")
    rounds = [CompletedProcess([], 0, "\n9 passed in 9.1s\n", ""), CompletedProcess([], 1, "\n1 failed in 2.0s\n", "")]
    fuzzed = [read_log("edit", LOG, 77), read_log("x", "", -9), read_log("y", "a | is missing", 2)]
    memory = CompletedProcess([], 0, "Memory over 10 messages in 0 s\n", "")
    linear = CompletedProcess([], 0, "\n60 passed in 900.1s\n", "")
    return report(["- Date: today"], {**FULL, **wanted}, fuzzed, leaks, linear, rounds, memory)


def test_the_report_names_every_result():
    assert "| edit | 16,645 | 1,818 | 2,293 | edit-crash-56 | 77 |" in page()
    assert "| x | 0 | 0 | 0 | it did not come to its end: it said nothing | -9 |" in page()
    assert "| y | 0 | 0 | 0 | it did not come to its end: a / is missing | 2 |" in page()
    assert "Memory over 10 messages in 0 s" in page()
    assert "+9999 live blocks" in page()
    assert "- Date: today" in page()
    assert "16 times as long as by day: 60 passed." in page()
    assert "Rounds of tests/test_sipp.py with 100,000 messages each way: 2. Each: 9 passed; 1 failed." in page()


def test_a_shortened_night_says_so():
    assert "- Length: full\n" in page()
    assert "- Length: shortened: SECONDS=60 instead of 7200.\n" in page(SECONDS=60)
