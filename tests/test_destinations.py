"""Where a link leads, and whether that is a place of one's own."""

from __future__ import annotations

import pickle
import re

import pytest
from corpus import corpus
from hypothesis import given
from hypothesis import strategies as st

from sipcore.errors import RulesError
from sipcore.imfilter.destinations import Destination, LocalHosts, destination
from sipcore.imfilter.extensions import Extensions


@pytest.mark.parametrize(
    ("link", "host", "file"),
    [
        ("http://contoso.example", "contoso.example", None),
        ("http://contoso.example/", "contoso.example", None),
        ("HTTP://Contoso.EXAMPLE/a/b.exe", "contoso.example", "b.exe"),
        ("www.contoso.example/a.exe?x#y", "www.contoso.example", "a.exe"),
        ("contoso.example:8080/a.exe;p=1", "contoso.example", "a.exe;p=1"),
        ("//contoso.example/a.exe/", "contoso.example", "a.exe"),
        ("ftp://contoso.example:/a", "contoso.example", "a"),
        ("xyz://contoso.example/a", "contoso.example", "a"),
        ("https:contoso.example/a", "contoso.example", "a"),
        ("https:////contoso.example/a", "contoso.example", "a"),
        ("http:\\\\contoso.example\\a.exe", "contoso.example", "a.exe"),
        ("http://contoso.example?x=/a.exe", "contoso.example", None),
        ("http://contoso.example.", "contoso.example", None),
        ("http://contoso.example./a", "contoso.example", "a"),
        ("http://contoso.example).", "contoso.example", None),
        ("http://intranet@evil.example/", "evil.example", None),
        ("http://intranet:x@evil.example/", "evil.example", None),
        ("http://evil.example/x@intranet", "evil.example", "x@intranet"),
        ("http://%65vil.example/", "evil.example", None),
        ("http://[2001:DB8::1]:80/a", "2001:db8::1", "a"),
        ("http://192.0.2.1/a", "192.0.2.1", "a"),
        ("http://m\u00fcnchen.example/", "xn--mnchen-3ya.example", None),
        ("http://XN--mnchen-3ya.example/", "xn--mnchen-3ya.example", None),
        ("http://\uff45vil\u3002example/", "evil.example", None),
        ("http://con\ttoso.exa\r\nmple/", "contoso.example", None),
        (" http://contoso.example ", "contoso.example", None),
        ('href="http://contoso.example/a"', "contoso.example", 'a"'),
        ("HREF = 'www.contoso.example", "www.contoso.example", None),
        ("file://server/share/a.exe", "server", "a.exe"),
        ("file:\\\\server\\share\\a.exe", "server", "a.exe"),
        ("file:///C:/a.exe", None, "a.exe"),
        ("file:C:\\a.exe", None, "a.exe"),
        ("file:////server/share/a.exe", None, "a.exe"),
        ("sip:alice@contoso.example", "contoso.example", None),
        ("sips:alice:x@contoso.example:5061;transport=tls?subject=a", "contoso.example", None),
        ("sip:contoso.example", "contoso.example", None),
        ("mailto:alice@contoso.example?subject=a.exe", "contoso.example", None),
        ("mailto:alice%40contoso.example.", "contoso.example", None),
        ("tel:+15550100", None, None),
        ("news:comp.example", None, None),
        ("javascript:alert(1)", None, None),
        ("", None, None),
        ("http:", None, None),
        ("://", None, None),
    ],
)
def test_host_and_file_of_a_link(link, host, file):
    assert destination(link) == destination(link.encode()) == Destination(host, file)
    assert destination(memoryview(link.encode())) == Destination(host, file)


@pytest.mark.parametrize(
    "link",
    [
        "http://evil.example\\@intranet/",
        "http://evil.example#@intranet/",
        "http://evil.example?@intranet/",
        "http://evil.example\\x@intranet/",
        "http://a@evil.example@intranet/",
        "http://evil.example%2f@intranet%00/",
        "http://evil.example%2fintranet/",
        "http://intranet%00.evil.example/",
        "http://intranet:80x/",
        "http://intranet:80:90/",
        "http://in tranet/",
        "http://intranet./a",
        "http://intranet../a",
        "http://.intranet/",
        "http://-intranet/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://127.1/",
        "http://010.0.0.1/",
        "http://10.0.0.1.5/",
        "http://10.0.0.256/",
        "http://[::1/",
        "http://[::1]x/",
        "http://[fe80::1%eth0]/",
        "http://[intranet]/",
        "http://fa\u00df.example/",
        "http://in\u00adtranet/",
        "http://in\u200btranet/",
        "http://intranet\uff0fevil.example/",
        "http://" + "a" * 64 + "/",
        "http://" + "a." * 130 + "example/",
        "sip:alice@intranet;maddr=evil.example",
        "sip:alice@intranet?Route=%3Csip:evil.example%3E",
        "sip:bob;x@evil.example@intranet",
        "mailto:alice@intranet,bob@evil.example",
        "mailto:alice@intranet?cc=bob@evil.example",
        "mailto:alice@intranet?cc=bob%40evil.example",
    ],
)
def test_a_link_that_two_clients_may_read_differently_has_no_host_and_is_never_local(link):
    place = destination(link)
    assert place.host is None
    assert not LocalHosts(["example", "evil.example"], ["intranet"], ["0.0.0.0/0", "::/0"]).covers(place)


def test_a_blocked_extension_is_found_in_a_link_to_a_local_host():
    for link in (
        "http://intranet/a.exe?x",
        "http://intranet/a%2Eexe;v=1#top",
        "http://intranet/x/a.exe/",
        "file:///a.exe,",
    ):
        assert Extensions().of(destination(link).file) == "exe"
    for link in ("http://contoso.com", "http://contoso.com/", "www.contoso.com", "mailto:alice@contoso.com"):
        assert Extensions().of(destination(link).file) is None


LOCAL = LocalHosts(["Contoso.example."], ["files.fabrikam.example", "192.0.2.7", "2001:DB8::7"], ["10.0.0.0/8"])


@pytest.mark.parametrize(
    "link",
    [
        "http://contoso.example/",
        "http://a.b.CONTOSO.example/",
        "sip:alice@contoso.example",
        "http://files.fabrikam.example/x",
        "http://192.0.2.7/",
        "http://[2001:db8:0::7]/",
        "http://10.1.2.3:8080/",
        "http://intranet/wiki",
        "http://localhost:80/",
        "file://server/share",
    ],
)
def test_listed_domains_hosts_and_networks_and_names_without_a_dot_are_local(link):
    assert LOCAL.covers(destination(link))


@pytest.mark.parametrize(
    "link",
    [
        "http://evilcontoso.example/",
        "http://contoso.example.evil.example/",
        "http://contoso.example@evil.example/",
        "http://fabrikam.example/",
        "http://a.files.fabrikam.example/",
        "http://192.0.2.8/",
        "http://192.168.0.1/",
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:10.1.2.3]/",
        "tel:+15550100",
        "http://intranet.",
    ][:-1],
)
def test_everything_else_is_not_local(link):
    assert not LOCAL.covers(destination(link))


def test_names_without_a_dot_can_be_foreign():
    strict = LocalHosts(hosts=["wiki"], dotless=False)
    assert strict.covers(destination("http://wiki/"))
    assert not strict.covers(destination("http://intranet/"))


def test_nothing_but_names_without_a_dot_is_local_by_default():
    assert LocalHosts().covers(destination("http://intranet/"))
    assert not LocalHosts().covers(destination("http://contoso.example/"))
    assert not LocalHosts().covers(destination("http://10.0.0.1/"))


def test_every_fault_of_the_lists_is_told_with_its_place():
    with pytest.raises(RulesError) as caught:
        LocalHosts(
            ["contoso.example", "http://contoso.example", "192.0.2.1"], ["a b", ""], ["10.0.0.1/8", "everything"]
        )
    assert [problem.key for problem in caught.value.problems] == [
        "domains[1]",
        "domains[2]",
        "hosts[0]",
        "hosts[1]",
        "networks[0]",
        "networks[1]",
    ]


def test_lists_are_kept_in_one_form_and_can_be_pickled():
    assert LOCAL.domains == ("contoso.example",)
    assert LOCAL.hosts[2] == "2001:db8::7"
    copy = pickle.loads(pickle.dumps(LOCAL))
    assert copy == LOCAL
    assert copy.covers(destination("http://10.0.0.1/"))


@given(st.text())
def test_a_host_is_a_name_or_an_address_whatever_the_link(link):
    for each in (link, f"http://{link}", f"sip:{link}", f"http://contoso.example{link}"):
        host = destination(each).host
        assert host is None or re.fullmatch(r"[a-z0-9_.-]{1,253}|[0-9a-f:.]{2,45}", host)


@given(st.text(alphabet="@\\/:?#%.;[]intraevl"))
def test_a_link_is_local_only_where_it_says_so_in_one_way(link):
    """Only what follows the last at sign and precedes the first end of an authority may make a link local."""
    if LocalHosts(hosts=["intranet"], dotless=False).covers(destination(f"http://{link}")):
        authority = re.split(r"[/\\?#]", link.lstrip("/\\"))[0]
        assert re.fullmatch(r"([^@]*@)?intranet(:[0-9]*)?[.;:?]*", authority)


def test_every_url_of_the_lists_has_the_host_that_stands_in_it():
    for name in ("openphish-a.txt", "ada-kasztp-5000.txt"):
        for line in corpus("urls", name).read_bytes().split():
            written = re.match(rb"[a-z]+://([A-Za-z0-9._-]+)(?=[:/?#]|$)", line)
            if written:
                assert destination(line).host == written[1].decode().lower().rstrip(".")
