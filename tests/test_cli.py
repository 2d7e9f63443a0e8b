"""The command line, as a person and as a script meets it (`sipcore.cli`)."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from captures import capture
from typer.testing import CliRunner, Result

import sipcore
from sipcore.cli import app

PATIENCE = 20.0

MESSAGE = (
    b"MESSAGE sip:alice@contoso.example SIP/2.0\r\n"
    b"v: SIP/2.0/TCP 192.0.2.7:5062;branch=z9hG4bK-1;rport, SIP/2.0/UDP 192.0.2.8;branch=z9hG4bK-0\r\n"
    b"Max-Forwards: 70\r\n"
    b'From: "Bob" <sip:bob@fabrikam.example>;tag=b\r\n'
    b"To: <sip:alice@contoso.example>\r\n"
    b"Call-ID: cli\r\n"
    b"CSeq: 1 MESSAGE\r\n"
    b"Content-Type: text/plain;charset=utf-8\r\n"
    b"Content-Length: 14\r\n"
    b"\r\n"
    b"Lunch at noon?"
)
WITH_LINK = MESSAGE.replace(b"14\r\n\r\nLunch at noon?", b"21\r\n\r\nhttp://a.example/ now")

CONFIG = """\
[edge]
fqdn = "edge.contoso.example"
domains = ["contoso.example"]
[inside]
listen = [{ transport = "udp", address = "127.0.0.41", port = 0, insecure = true }]
next_hop = { transport = "udp", address = "127.0.0.42", port = 5060, insecure = true }
[outside]
listen = [
    { transport = "udp", address = "127.0.0.43", port = 0, insecure = true },
    { transport = "tcp", address = "127.0.0.43", port = 0, insecure = true },
]
[[partner]]
domain = "fabrikam.example"
proxy = { transport = "tcp", address = "192.0.2.7", port = 5060, insecure = true }
"""


def run(*arguments: str | Path, given: bytes = b"") -> Result:
    """The program in this process; ``given`` is its standard input."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=given)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "edge.toml"
    path.write_text(CONFIG)
    return path


# -- parse


def test_parse_shows_each_part_with_its_bytes_and_what_it_means(tmp_path: Path) -> None:
    (tmp_path / "im.sip").write_bytes(MESSAGE)
    result = run("parse", tmp_path / "im.sip")
    assert result.exit_code == 0
    lines = [re.sub(" +", " ", line.strip()) for line in result.stdout.splitlines()]
    bare = [line.replace("├─ ", "").replace("└─ ", "") for line in lines]
    start = MESSAGE.index(b"70\r\n")
    for expected in (
        f"request, {len(MESSAGE)} bytes",
        "0..41 MESSAGE sip:alice@contoso.example SIP/2.0",
        "8..33 scheme sip, user alice, host contoso.example",
        f"{start}..{start + 2} Max-Forwards 70",
        f"46..{MESSAGE.index(b', SIP/2.0/UDP')} transport TCP, host 192.0.2.7, port 5062, branch z9hG4bK-1, rport",
    ):
        assert expected in bare
    assert "would be refused" not in result.stdout


def test_parse_reads_standard_input_and_prints_json_whose_spans_cut_the_message() -> None:
    result = run("parse", "-", "--json", given=MESSAGE)
    found = json.loads(result.stdout)
    for part in found["parts"]:
        start, end = part["span"]
        assert MESSAGE[start:end].decode() == part["text"]
    vias = next(part for part in found["parts"] if part["name"] == "v")["means"]
    assert [via["branch"] for via in vias] == ["z9hG4bK-1", "z9hG4bK-0"]
    assert [MESSAGE[slice(*via["span"])][:11] for via in vias] == [b"SIP/2.0/TCP", b"SIP/2.0/UDP"]
    assert (found["kind"], found["size"]) == ("request", len(MESSAGE))
    assert (found["truncated"], found["refusal"]) == (False, None)


def test_parse_tells_a_malformed_header_and_the_refusal_it_would_get() -> None:
    result = run("parse", "-", "--json", given=MESSAGE.replace(b"<sip:alice@contoso.example>\r\n", b"<sip:alice\r\n"))
    found = json.loads(result.stdout)
    to = next(part for part in found["parts"] if part["name"] == "To")
    assert [list(meaning) for meaning in to["means"]] == [["span", "error"]]
    assert (found["refusal"]["status"], found["refusal"]["header"]) == (400, "To")
    assert "would be refused: 400" in run("parse", "-", given=MESSAGE.replace(b"Call-ID: cli\r\n", b"")).stdout


def test_parse_reads_responses() -> None:
    answer = sipcore.respond(sipcore.parse(MESSAGE), 200, to_tag="a")
    result = run("parse", "-", given=answer)
    assert result.exit_code == 0
    assert "response" in result.stdout
    assert "SIP/2.0 200 OK" in result.stdout


def test_parse_shows_the_place_of_a_fault_with_a_caret() -> None:
    broken = MESSAGE.replace(b"Max-Forwards: 70\r\n", b"Max-Forwards: 70\n")
    result = run("parse", "-", given=broken)
    assert result.exit_code == 2
    first, place, line, caret = result.stderr.splitlines()
    offset = int(re.search(r"at byte (\d+)", first)[1])
    assert broken[:offset].count(b"\n") == 2
    assert place.startswith("  line 3, ")
    assert line[caret.index("^") :].startswith(repr(broken[offset : offset + 1])[2:-1])


def test_parse_shows_every_message_of_a_file_and_where_it_begins(tmp_path: Path) -> None:
    (tmp_path / "many.sip").write_bytes(b"\r\n" + MESSAGE + b"\r\n\r\n" + WITH_LINK + MESSAGE + b"\n")
    result = run("parse", tmp_path / "many.sip")
    assert result.exit_code == 0
    second = 2 + len(MESSAGE) + 4
    heads = [line for line in result.stdout.splitlines() if line.startswith("#")]
    assert heads == ["#1 at byte 2", f"#2 at byte {second}", f"#3 at byte {second + len(WITH_LINK)}"]
    assert result.stdout.count("request, ") == 3
    lines = run("parse", tmp_path / "many.sip", "--json").stdout.splitlines()
    found = [json.loads(line) for line in lines]
    assert [(each["message"], each["at"], each["size"]) for each in found] == [
        (1, 2, len(MESSAGE)),
        (2, second, len(WITH_LINK)),
        (3, second + len(WITH_LINK), len(MESSAGE)),
    ]


def test_parse_shows_what_stands_behind_a_message_and_is_none() -> None:
    result = run("parse", "-", given=MESSAGE + b"left over\r\n\r\n")
    assert result.exit_code == 2
    assert "request, " in result.stdout
    assert f"#2 at byte {len(MESSAGE)}" in result.stdout
    assert "bad-start-line" in result.stdout
    assert "^" in result.stdout
    last = json.loads(run("parse", "-", "--json", given=MESSAGE + b"left over").stdout.splitlines()[-1])
    assert last["error"]["code"] == "no-end-of-head"


def test_parse_shows_every_message_of_a_capture(tmp_path: Path) -> None:
    (tmp_path / "a.pcap").write_bytes(capture(MESSAGE, b"\r\n\r\n", WITH_LINK))
    result = run("parse", tmp_path / "a.pcap")
    assert result.exit_code == 0
    titles = [line for line in result.stdout.splitlines() if line.startswith("#")]
    assert titles == [
        f"#{number} 2023-11-14 22:13:20.500+00:00 udp 192.0.2.7:5062 -> 192.0.2.1:5060" for number in (1, 3)
    ]
    assert result.stdout.count("MESSAGE sip:alice@contoso.example SIP/2.0") == 2


def test_parse_prints_a_capture_as_one_json_object_a_line() -> None:
    result = run("parse", "-", "--json", given=capture(MESSAGE, b"hello"))
    whole, broken = map(json.loads, result.stdout.splitlines())
    assert result.exit_code == 2
    assert (whole["packet"], whole["source"], whole["kind"], whole["size"]) == (
        1, "192.0.2.7:5062", "request", len(MESSAGE))  # fmt: skip
    assert (broken["packet"], broken["error"]) == (2, {"code": "no-end-of-head", "offset": 5})


def test_parse_shows_what_is_broken_in_a_capture_and_goes_on() -> None:
    broken = MESSAGE.replace(b"Max-Forwards: 70\r\n", b"Max-Forwards: 70\n")
    result = run("parse", "-", given=capture(broken, MESSAGE))
    assert result.exit_code == 2
    lines = result.stdout.splitlines()
    assert lines[1].startswith("bare-lf at byte ")
    assert lines[2].startswith("  line 3, ")
    assert lines[4].strip() == "^"
    assert f"request, {len(MESSAGE)} bytes" in lines


def test_parse_says_when_a_capture_cannot_be_read() -> None:
    result = run("parse", "-", given=capture(MESSAGE) + b"rest")
    assert result.exit_code == 2
    assert "cannot be read behind packet 1" in result.stderr
    assert "MESSAGE sip:alice" in result.stdout


def test_parse_reads_headers_by_type_and_names_the_faulty_ones() -> None:
    given = MESSAGE.replace(
        b"Call-ID:",
        b'Warning: 399 x "hi"\r\nEvent: presence;id=1\r\nSupported: a,,b\r\nExpires: soon\r\n'
        b'Authorization: NTLM qop="auth"\r\nCall-ID:',
    )
    parts = {
        part["name"]: part["means"] for part in json.loads(run("parse", "-", "--json", given=given).stdout)["parts"]
    }
    assert [{key: value for key, value in parts[name][0].items() if key != "span"} for name in (
        "Warning", "Event", "Supported", "Expires", "Authorization")] == [
        {"code": 399, "agent": "x", "text": "hi"},
        {"value": "presence", "id": "1"},
        {"error": "Supported: empty-value"},
        {"error": "Expires: bad-number"},
        {"scheme": "NTLM", "qop": "auth"},
    ]  # fmt: skip


def test_parse_goes_on_behind_an_address_whose_uri_is_faulty() -> None:
    result = run("parse", "-", "--json", given=MESSAGE.replace(b"Call-ID:", b"m: <sip:a b>, <sip:c>\r\nCall-ID:"))
    contacts = next(part["means"] for part in json.loads(result.stdout)["parts"] if part["name"] == "m")
    assert [meaning.get("error", meaning.get("uri")) for meaning in contacts] == ["Contact: bad-address", "sip:c"]


def test_parse_draws_what_a_header_means_as_its_branches() -> None:
    lines = run("parse", "-", given=MESSAGE).stdout.splitlines()
    assert [line.split()[1] for line in lines if "transport" in line] == ["├─", "└─"]
    assert "cut short" in run("parse", "-", given=MESSAGE[:-3]).stdout


def test_parse_says_a_fault_in_json_too() -> None:
    result = run("parse", "-", "--json", given=b"hello")
    assert result.exit_code == 2
    assert set(json.loads(result.stdout)["error"]) == {"code", "offset"}


def test_what_a_peer_wrote_cannot_steer_the_terminal() -> None:
    result = run("parse", "-", given=MESSAGE.replace(b"Lunch", b"\x1b[2Jx"))
    assert "\x1b" not in result.stdout
    assert r"\x1b[2Jx" in result.stdout


def test_a_file_that_is_not_there_is_one_line_and_status_2(tmp_path: Path) -> None:
    result = run("parse", tmp_path / "none.sip")
    assert result.exit_code == 2
    assert result.stderr.endswith("none.sip: cannot be read: No such file or directory\n")


# -- filter


def test_filter_passes_with_status_0() -> None:
    result = run("filter", "-", given=MESSAGE)
    assert (result.exit_code, result.stdout) == (0, "filter: pass\n")


def test_filter_shows_its_evidence_with_status_1() -> None:
    result = run("filter", "-", given=WITH_LINK)
    assert result.exit_code == 1
    assert "filter: block\n  http: in body, bytes 0..17: http://a.example/" in result.stdout


def test_filter_cannot_judge_what_cannot_be_parsed_and_says_so_with_status_2() -> None:
    assert run("filter", "-", given=b"http://a.example/").exit_code == 2


# -- explain


def explained(config: Path, message: bytes, side: str, source: str) -> Result:
    """What explain says of a message."""
    return run("explain", "--config", config, "-", "--link", f"{side}:{source}", given=message)


def test_explain_prints_the_chain_and_where_the_message_would_go(config: Path) -> None:
    result = explained(config, MESSAGE, "outside", "192.0.2.7")
    assert result.exit_code == 0
    assert result.stdout.startswith("from outside, 192.0.2.7 over tcp\n  1. ")
    assert "fabrikam.example" in result.stdout
    assert "filter: pass" in result.stdout
    assert "sent inside to udp 127.0.0.42:5060: MESSAGE sip:alice@contoso.example SIP/2.0" in result.stdout


def test_explain_shows_what_the_filter_found_and_the_answer(config: Path) -> None:
    result = explained(config, WITH_LINK, "outside", "192.0.2.7")
    assert "http: in body" in result.stdout
    assert "SIP/2.0 606 Not Acceptable" in result.stdout


def test_explain_depends_on_who_sends(config: Path) -> None:
    result = explained(config, MESSAGE, "outside", "192.0.2.99")
    assert "stranger" in result.stdout
    assert "sent inside" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-", "--link", "not a name"], "'not a name' is neither an address nor the name of a certificate"),
        (["-", "--srv", "fabrikam.example"], "expected domain=host"),
        (["--from", "a@fabrikam.example"], "expected either a FILE, or --from and --to"),
        (["-", "--from", "a@fabrikam.example", "--to", "b@contoso.example"], "expected either a FILE, or"),
        (["--from", "a@nobody.example", "--to", "b@contoso.example"], "name it with --link"),
        (["--from", "a@fabrikam.example", "--to", "b c@contoso.example"], "not a Request-URI"),
        (["--from", "a@fabrikam.example", "--to", "b@contoso.example", "--method", "A B"], "not a method"),
    ],
)
def test_explain_says_what_is_wrong_with_what_it_is_asked(config: Path, arguments: list[str], said: str) -> None:
    result = run("explain", "--config", config, *arguments, given=MESSAGE)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


def test_explain_needs_no_message_and_no_link_where_the_tables_tell(config: Path) -> None:
    ends = ("--from", "me@fabrikam.example", "--to", "sip:alice@contoso.example", "--asserted", "verified")
    result = run("explain", "--config", config, *ends, "--method", "INVITE")
    assert result.exit_code == 0
    assert "direct partner 'fabrikam.example' ([[partner]], line 12)" in result.stdout
    assert "ms-edge-proxy-message-trust: ms-source-type=DirectPartner;" in result.stdout
    assert "INVITE sip:alice@contoso.example SIP/2.0" in result.stdout


def test_explain_warns_that_without_a_key_no_response_is_recognised(config: Path) -> None:
    answer = sipcore.respond(sipcore.parse(MESSAGE), 200, to_tag="a")
    assert "key_file" in explained(config, answer, "inside", "127.0.0.42").stderr
    assert "key_file" not in explained(config, MESSAGE, "inside", "127.0.0.42").stderr


# -- check


def test_check_says_what_a_good_configuration_means(config: Path) -> None:
    result = run("check", config)
    assert result.exit_code == 0
    assert "fabrikam.example, at tcp 192.0.2.7:5060" in result.stdout


def test_explain_shows_what_goes_on_changed(config: Path) -> None:
    config.write_text(CONFIG + '[filter]\nprofile = "lync"\n')
    result = explained(config, WITH_LINK, "outside", "192.0.2.7")
    assert "filter: defang\n  http: in body, bytes 0..17: http://a.example/ now" in result.stdout
    assert "sent inside to udp 127.0.0.42:5060: MESSAGE" in result.stdout


def test_check_prints_warnings_with_their_places_and_has_status_1(config: Path) -> None:
    config.write_text(CONFIG + "[filter]\nenabled = false\n")
    result = run("check", config)
    assert result.exit_code == 1
    assert result.stdout.startswith(f"{config}: good")
    assert result.stderr.startswith(f"warning: {config}:16: filter.enabled: ")


@pytest.mark.parametrize("command", [("check",), ("relay", "--config")])
def test_a_side_with_tls_needs_a_certificate(config: Path, command: tuple[str, ...]) -> None:
    udp = '{ transport = "udp", address = "127.0.0.41", port = 0, insecure = true }'
    config.write_text(CONFIG.replace(udp, f'{udp}, {{ address = "127.0.0.41" }}'))
    result = run(*command, config)
    assert result.exit_code == 2
    what = "missing: inside.listen is a link over TLS; expected its certificate"
    assert result.stderr.splitlines() == [f"{config}: tls.inside: {what}"]
    assert explained(config, MESSAGE, "outside", "192.0.2.7").exit_code == 0


@pytest.mark.parametrize("command", [("check",), ("relay", "--config")])
def test_a_faulty_configuration_lists_every_fault_with_status_2(config: Path, command: tuple[str, ...]) -> None:
    config.write_text(CONFIG.replace("insecure = true", "insecure = 1", 1) + "[metric]\n")
    result = run(*command, config)
    assert result.exit_code == 2
    found = [line.split(": ")[:2] for line in result.stderr.splitlines()]
    assert found == [[f"{config}:5", "inside.listen[0].insecure"], [f"{config}:15", "metric"]]


# -- relay, demo, and the program itself


@contextmanager
def process(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """The program in a process of its own, which never outlives the test."""
    command = [sys.executable, "-c", "from sipcore.cli import main; main()", *map(str, arguments)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as started:
        timer = threading.Timer(PATIENCE, started.kill)
        timer.start()
        try:
            yield started
        finally:
            timer.cancel()
            started.kill()


def test_relay_says_what_is_in_clear_text_and_what_is_warned_of_and_ends_well_when_told_to(config: Path) -> None:
    config.write_text(CONFIG + "[filter]\nenabled = false\n")
    with process("relay", "--config", config) as relay:
        assert relay.stderr is not None
        lines = [relay.stderr.readline() for _ in range(7)]
        assert "a random key was made" in lines[0]
        listening = ["udp 127.0.0.41", "udp 127.0.0.43", "tcp 127.0.0.43"]
        for line, address in zip(lines[1:6], [*listening, "udp 127.0.0.42", "tcp 192.0.2.7"], strict=True):
            assert "insecure = true" in line
            assert ("listening" if address in listening else "sending") in line
            assert address in line
        assert "filter.enabled" in lines[6]
        relay.send_signal(signal.SIGTERM)
        assert relay.wait(PATIENCE) == 0


def test_a_taken_port_is_said_in_one_line_with_status_1(config: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.43", 0))
        port = taken.getsockname()[1]
        config.write_text(CONFIG.replace('"127.0.0.43", port = 0', f'"127.0.0.43", port = {port}', 1))
        with process("relay", "--config", config) as relay:
            assert relay.stderr is not None
            assert relay.stderr.read() == f"outside: cannot listen on udp 127.0.0.43:{port}: Address already in use\n"
            assert relay.wait(PATIENCE) == 1


@pytest.mark.parametrize(("arguments", "serve", "status"), [((), False, 0), (("--serve",), True, 1)])
def test_demo_has_the_status_of_its_rows(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], serve: bool, status: int
) -> None:
    asked: list[bool] = []

    def play(serve: bool, console: object) -> int:
        asked.append(serve)
        return status

    monkeypatch.setattr("sipcore.demo.main", play)
    assert (run("demo", *arguments).exit_code, asked) == (status, [serve])


def test_the_version_is_printed() -> None:
    assert run("--version").stdout == f"sipcore {sipcore.__version__}\n"


@pytest.mark.parametrize(
    ("missing", "arguments", "said"),
    [
        ("typer", ("--version",), "the command line needs typer: pip install 'sipcore[cli]'"),
        ("tree_sitter_toml", ("check", "edge.toml"), "needs tree_sitter_toml: pip install 'sipcore[relay]'"),
        ("uvloop", ("demo",), "needs uvloop: pip install 'sipcore[relay]'"),
    ],
)
def test_a_missing_extra_is_one_clear_line(missing: str, arguments: tuple[str, ...], said: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; from sipcore.cli import main; main()"
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert said in done.stderr


@pytest.mark.parametrize("missing", ["uvloop", "msgspec", "structlog", "prometheus_client", "tree_sitter"])
def test_looking_at_a_message_needs_nothing_of_the_relay(missing: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; from sipcore.cli import main; main()"
    command = [sys.executable, "-c", code, "parse", "-"]
    done = subprocess.run(command, input=MESSAGE, capture_output=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
