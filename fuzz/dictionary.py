"""Writes fuzz/sip.dict, the words that libFuzzer tries: `.venv/bin/python fuzz/dictionary.py > fuzz/sip.dict`."""

from __future__ import annotations

from sipcore.grammar import COMPACT_FORMS, HEADERS, METHODS
from sipcore.imfilter.rules import DEFAULT_PREFIXES

#: What a header name or method alone does not lead to.
_PIECES = (
    *("SIP/2.0", " SIP/2.0\r\n", "SIP/2.0 200 OK\r\n", "\r\n", "\r\n\r\n", "\r\n ", "\r\n\t"),
    *(": ", ", ", '"', '\\"', "<", ">", "4294967295", "4294967296"),
    *("sip:", "sips:", "tel:", "@", "[2001:db8::1]", ":5060", ";lr", ";tag=", "?a=b&c=d", "%00", "*"),
    *("SIP/2.0/UDP ", "SIP / 2.0 / TCP ", ";branch=z9hG4bK", ";rport", ";received=192.0.2.1"),
    *("text/plain", "text/x-msmsgsinvite", "multipart/mixed", ";charset=utf-16le", ";charset=gbk", ";ms-body="),
    *("text/html", "message/cpim", "message/rfc822", ";boundary=b", "\r\n--b\r\n", "\r\n--b--", ";charset=utf-16"),
    *("\r\nContent-Transfer-Encoding: ", "base64", "quoted-printable", "gzip", "deflate", "=?utf-8?q?", "=\r\n", "\\u"),
    *("GET / HTTP/1.1\r\n", "\x16\x03\x01", "\x21\x12\xa4\x42", "\x00", "\x7f", "\xff", "\xc3\xa9"),
    *("Invitation-Command: INVITE\r\n", "Application-Name: File Transfer\r\n", "Application-FileSize: 1\r\n"),
    *("Application-File: a.exe\r\n", "{5D3E02AB-6190-11d3-BBBB-00C04F795683}", "EUF-GUID: ", "MSNSLP/1.0\r\n"),
    *("m=message 9 TCP/MSRP *\r\n", 'a=file-selector:name:"a" size:1\r\n', "application/ms-filetransfer+xml"),
    *("<publishFile>", "<fileInfo>", "<name>", "</", "<!DOCTYPE ", "<file-info type=", "<data url="),
    *("<a href=", "<!--", "-->", "<!--[if", "<![CDATA[", "<script>", "<meta http-equiv=refresh content=", "srcset="),
    *("&#x", "&#104;", "&colon;", "&period;", "%68", "%3A", "\xe2\x80\x8b", "\xc2\xad", "\xef\xbd\x88", "\xe3\x80\x82"),
    *("{\\rtf1 ", "{\\*\\fldinst HYPERLINK ", "{\\fldrslt ", "\\'68", "\\u104?", "\\uc0", "\\fcharset128", "\\v "),
    *("_", ".com", ".example", "//", "\\\\", "http://a.exe", "contoso.example"),
)


def words() -> list[str]:
    """Every word, a letter a byte."""
    names = [f"\r\n{name}: " for name in (*HEADERS, *COMPACT_FORMS)]
    return [*_PIECES, *names, *(f"{method} " for method in METHODS), *DEFAULT_PREFIXES]


def escaped(word: str) -> str:
    """The word as libFuzzer reads it."""
    return "".join(
        f"\\{letter}" if letter in '"\\' else letter if " " <= letter <= "~" else f"\\x{ord(letter):02x}"
        for letter in word
    )


if __name__ == "__main__":
    print("# Written by fuzz/dictionary.py from sipcore/grammar.py: do not edit.")
    for word in words():
        print(f'"{escaped(word)}"')
