"""Messages that torture a parser, written for this project: each has the traits of the message of that name in RFC 4475
or RFC 5118, and nothing of its text, so that these tests are as strict where the public corpus is not at hand.
"""

from __future__ import annotations


def lines(*head: bytes, body: bytes = b"") -> bytes:
    """A message of these lines, the empty line and the body."""
    return b"\r\n".join(head) + b"\r\n\r\n" + body


SDP = b"v=0\r\no=- 7 7 IN IP4 192.0.2.77\r\ns=-\r\nc=IN IP4 192.0.2.77\r\nt=0 0\r\nm=message 9 TCP/MSRP *\r\n"
SDP_6 = SDP.replace(b"IP4 192.0.2.77", b"IP6 2001:db8::77")


def request(*extra: bytes, start: bytes = b"OPTIONS sip:dora@contoso.example SIP/2.0", **changes: bytes) -> bytes:
    """A sound request, with the changes that are its torture; a field changed to nothing is left out."""
    fields = {
        b"Via": changes.get("via", b"SIP/2.0/UDP 192.0.2.77;branch=z9hG4bK-torture"),
        b"From": changes.get("from_", b"<sip:emil@fabrikam.example>;tag=e1"),
        b"To": changes.get("to", b"<sip:dora@contoso.example>"),
        b"Call-ID": changes.get("call_id", b"torture@192.0.2.77"),
        b"CSeq": changes.get("cseq", b"7 " + start.split(b" ")[0]),
        b"Max-Forwards": changes.get("hops", b"70"),
    }
    body = changes.get("body", b"")
    length = changes.get("length", str(len(body)).encode())
    kept = [name + b": " + value for name, value in fields.items() if value]
    return lines(start, *kept, *extra, b"Content-Length: " + length, body=body)


def response(*extra: bytes, start: bytes = b"SIP/2.0 200 OK", cseq: bytes = b"7 OPTIONS") -> bytes:
    """A sound response, with the changes that are its torture."""
    return lines(
        start,
        b"Via: SIP/2.0/UDP 192.0.2.88;branch=z9hG4bK-torture",
        *extra,
        b"From: <sip:emil@fabrikam.example>;tag=e1",
        b"To: <sip:dora@contoso.example>;tag=d1",
        b"Call-ID: torture@192.0.2.77",
        b"CSeq: " + cseq,
        b"Content-Length: 0",
    )


def start(method: bytes = b"OPTIONS", uri: bytes = b"sip:dora@contoso.example") -> bytes:
    """A request line."""
    return method + b" " + uri + b" SIP/2.0"


REGISTER = start(b"REGISTER", b"sip:contoso.example")
INVITE = start(b"INVITE")

#: By the names of RFC 4475.
OWN_4475: dict[str, bytes] = {
    "wsinv": lines(
        b"INVITE sip:dora@contoso.example;novel SIP/2.0",
        b"tO\t:",
        b"\t sip:dora@contoso.example\t;\t tag  =",
        b"  d2",
        b'F : "Emil \\\\\\"E\\""   <sip:emil@fabrikam.example>',
        b" ;",
        b" tag=e2",
        b"mAX-fORWARDS:  007",
        b"i:spaces@192.0.2.77",
        b"CSEQ : 00012",
        b"\tINVITE",
        b"via:SIP/ 2.0",
        b" /UDP",
        b"  192.0.2.77",
        b" ;branch=old-style",
        b"S:",
        b"X-Novel-Thing: goes on",
        b" and on",
        b"X-Odd-Thing: ,;,;;,",
        b"rOUTE:",
        b" <sip:hop.contoso.example;lr;known=1;unknown>",
        b"V: SIP / 2.0/TCP hop.fabrikam.example ;branch = z9hG4bKhop ,",
        b"  SIP/2.0 /TLS 192.0.2.78;  branch=",
        b" z9hG4bKtop",
        b'm:"A \\"quoted\\" name"<sip:emil@192.0.2.77> ; novel=',
        b" value;bare;q = 0.5",
        b"c : application / sdp",
        b"Content-Length    :\t" + str(len(SDP)).encode(),
        body=SDP,
    ),
    "intmeth": request(
        b"X-!%*+_`'~.-: \xe2\x98\x83",
        start=start(b"A-Z.0!%*_+`'~x", b"sip:;/?&=+$,!*'(~)-_.:p&w=$,@contoso.example"),
        via=b"SIP/2.0/TCP 192.0.2.77;branch=z9hG4bK-.!%*_+`'~",
        to=b'"bell \\\x07 nul \\\x00 del \\\x7f" <sip:-_.!~*\'()&=+$,;?/@contoso.example>',
        from_=b"!%*_ +`'~ .-x <sip:emil@fabrikam.example>;p!%*_+`'~.-=\"\xd0\xbf\xd1\x80\";tag=t!%*_+`'~.-",
        call_id=b"w-.!%*_+`'~()<>:\\\"/[]?{}@x-.!%*_+`'~()<>:\\\"/[]?{}",
        cseq=b"2147483647 A-Z.0!%*_+`'~x",
        hops=b"255",
    ),
    "esc01": request(
        b"Contact: <sip:%65mil@192.0.2.77;%6Cr;n%61me=v%2541>",
        start=start(b"INVITE", b"sip:sip%3Adora%40hidden.example@contoso.example"),
        to=b"sip:%64or%61@contoso.example",
        from_=b"<sip:one%20two@fabrikam.example>;tag=e1",
    ),
    "escnull": request(
        b"Contact: <sip:%00@192.0.2.77>",
        b"Contact: <sip:a%00%00@192.0.2.77>",
        start=REGISTER,
        to=b"sip:d%00d@contoso.example",
        from_=b"sip:d%00d@contoso.example;tag=e1",
    ),
    "esc02": request(
        b"Contact: <sip:one@192.0.2.77>",
        b"Cont%61ct: <sip:two@192.0.2.77>",
        b"Contact: <sip:three@192.0.2.77>",
        start=start(b"REG%49STER", b"sip:contoso.example"),
        to=b'"%44ora" <sip:dora@contoso.example>',
        via=b"SIP/2.0/TCP 192.0.2.77;branch=z9hG4bK%61",
    ),
    "lwsdisp": request(from_=b"emil<sip:emil@fabrikam.example>;tag=e1"),
    "longreq": request(
        b"X-Long-" + b"name" * 60 + b": " + b"long-value " * 80,
        b"Contact: <sip:" + b"long" * 90 + b"@192.0.2.77>",
        start=start(b"INVITE", b"sip:" + b"dora" * 60 + b"@contoso.example"),
        to=b'"' + b"Dora " * 60 + b'" <sip:' + b"dora" * 60 + b"@contoso.example>",
        from_=b"sip:emil@fabrikam.example;tag=" + b"tag" * 80 + b";" + b"name" * 50 + b"=" + b"value" * 50,
        call_id=b"long" * 100,
        via=b", ".join(b"SIP/2.0/TCP hop%d.fabrikam.example;branch=z9hG4bK" % n + b"x" * 100 for n in range(20)),
    ),
    "dblreq": request(start=REGISTER) + b"\r\n" + request(start=INVITE),
    "semiuri": request(start=start(uri=b"sip:dora;day=1;x=%40contoso.example@fabrikam.example")),
    "transports": request(
        b"Via: SIP/2.0/SCTP b.example;branch=z9hG4bKb",
        b"Via: SIP/2.0/TLS c.example;branch=z9hG4bKc",
        b"Via: SIP/2.0/CARRIER-PIGEON d.example;branch=z9hG4bKd",
        b"Via: SIP/2.0/TCP e.example;branch=z9hG4bKe",
    ),
    "mpart01": request(
        b"Content-Type: multipart/mixed;boundary=edge",
        start=start(b"MESSAGE"),
        body=b"--edge\r\n\r\nhello\r\n--edge\r\nContent-Type: application/octet-stream\r\n\r\n"
        b"\x00\xff\r\n\r\n\n\r\x80\r\n--edge--\r\n",
    ),
    "unreason": response(start="SIP/2.0 200 gut = süß * 2 schön ☃".encode()),
    "noreason": response(start=b"SIP/2.0 100 "),
    "badinv01": request(b'Contact: "D" <sip:d@192.0.2.77>;;,;', start=INVITE, via=b"SIP/2.0/UDP 192.0.2.77;,;;,"),
    "clerr": request(start=INVITE, body=SDP, length=b"9999"),
    "ncl": request(start=INVITE, body=SDP, length=b"-1"),
    "scalar02": request(
        b"Expires: 1" + b"0" * 99,
        b"Contact: <sip:emil@192.0.2.77>;expires=99999999999",
        start=REGISTER,
        cseq=b"18446744073709551623 REGISTER",
        hops=b"256",
    ),
    "scalarlg": response(
        b"Retry-After: 99999999999999999",
        b'Warning: 1812 fabrikam.example "too long"',
        start=b"SIP/2.0 503 Service Unavailable",
        cseq=b"18446744073709551623 OPTIONS",
    ),
    "quotbal": request(start=INVITE, to=b'"Dora <sip:dora@contoso.example>'),
    "ltgtruri": request(start=start(b"INVITE", b"<sip:dora@contoso.example>")),
    "lwsruri": request(start=start(b"INVITE", b"sip:dora@contoso.example; lr")),
    "lwsstart": request(start=b"INVITE  sip:dora@contoso.example  SIP/2.0", cseq=b"7 INVITE"),
    "trws": request(start=start() + b"   "),
    "escruri": request(start=start(b"INVITE", b"sip:dora@contoso.example?Route=%3Csip:evil.example%3E")),
    "baddate": request(b"Date: Sat, 05 Nov 2022 10:00:00 CET", start=INVITE),
    "regbadct": request(b"Contact: sip:emil@192.0.2.77?Route=%3Csip:contoso.example%3E", start=REGISTER),
    "badaspec": request(to=b'"Dora" < sip:dora@contoso.example >'),
    "baddn": request(from_=b"Ende, Emil <sip:emil@fabrikam.example>;tag=e1"),
    "badvers": request(
        start=b"OPTIONS sip:dora@contoso.example SIP/3.1", via=b"SIP/3.1/UDP 192.0.2.77;branch=z9hG4bKa"
    ),
    "mismatch01": request(cseq=b"7 INVITE"),
    "mismatch02": request(start=start(b"NOVEL"), cseq=b"7 INVITE"),
    "bigcode": response(start=b"SIP/2.0 4294967496 wraps to two hundred"),
    "badbranch": request(via=b"SIP/2.0/UDP 192.0.2.77;branch=z9hG4bK"),
    "insuf": lines(INVITE, b"CSeq: 7 INVITE", b"Via: SIP/2.0/UDP 192.0.2.77;branch=z9hG4bKa", b"Content-Length: 0"),
    "unkscm": request(start=start(uri=b"madeup:anything-goes")),
    "novelsc": request(start=start(uri=b"soap.beep://192.0.2.77:605")),
    "unksm2": request(
        b"Contact: <name:Emil>", start=REGISTER, to=b"isbn:0596", from_=b"<http://fabrikam.example>;tag=e1"
    ),
    "bext01": request(b"Require: magic, sorcery", b"Proxy-Require: alchemy", b"Proxy-Require: transmutation"),
    "invut": request(b"Content-Type: application/unheard-of", start=INVITE, body=b"<mystery/>"),
    "regaut01": request(b'Authorization: Unheard-Of key=value,other="one, two"', start=REGISTER),
    "multi01": request(
        b"CSeq: 8 INVITE",
        b"Call-ID: second@192.0.2.77",
        b"From: <sip:fritz@fabrikam.example>;tag=f1",
        b"To: <sip:gerda@contoso.example>",
        b"Max-Forwards: 5",
        start=INVITE,
    ),
    "mcl01": request(b"Content-Length: 3", body=b"bodies"),
    "bcast": response(b"Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK-everyone"),
    "zeromf": request(hops=b"0"),
    "cparam01": request(b"Contact: sip:emil@192.0.2.77;novel", start=REGISTER),
    "cparam02": request(b"Contact: <sip:emil@192.0.2.77;novel>", start=REGISTER),
    "regescrt": request(b"m: <sip:emil@192.0.2.77?Route=%3Csip:contoso.example%3E>", start=REGISTER),
    "sdp01": request(b"Accept: text/unheard-of", b"Content-Type: application/sdp", start=INVITE, body=SDP),
    "inv2543": lines(
        INVITE,
        b"Via: SIP/2.0/UDP gate.fabrikam.example",
        b"From: <sip:+15550100@fabrikam.example;user=phone>",
        b"Record-Route: <sip:dora@contoso.example;maddr=hop.contoso.example>",
        b"To: sip:dora@contoso.example;user=phone",
        b"Call-ID: old@192.0.2.77",
        b"CSeq: 7 INVITE",
        b"Content-Type: application/sdp",
        body=SDP,
    ),
}

#: By the names of the files of RFC 5118.
OWN_5118: dict[str, bytes] = {
    "ipv6-good": request(
        b'Contact: "E" <sip:emil@[2001:db8::77]>',
        start=start(b"REGISTER", b"sip:[2001:db8::88]"),
        via=b"SIP/2.0/UDP [2001:db8::77:1];branch=z9hG4bK-6",
    ),
    "ipv6-bad": request(start=start(b"REGISTER", b"sip:2001:db8::88")),
    "port-ambiguous": request(start=start(b"REGISTER", b"sip:[2001:db8::88:5070]")),
    "port-unambiguous": request(start=start(b"REGISTER", b"sip:[2001:db8::88]:5070")),
    "via-received-param-with-delim": request(
        via=b"SIP/2.0/UDP [2001:db8::77];received=[2001:db8::99];branch=z9hG4bK-6"
    ),
    "via-received-param-no-delim": request(via=b"SIP/2.0/UDP [2001:db8::77];received=2001:db8::99;branch=z9hG4bK-6"),
    "ipv6-in-sdp": request(b"Content-Type: application/sdp", start=INVITE, body=SDP_6),
    "mult-ip-in-header": request(
        b"Via: SIP/2.0/UDP 192.0.2.77;branch=z9hG4bK-4",
        b"Via: SIP/2.0/TCP [2001:db8::99];received=192.0.2.99;branch=z9hG4bK-64",
        via=b"SIP/2.0/UDP [2001:db8::77]:6050;branch=z9hG4bK-6",
    ),
    "mult-ip-in-sdp": request(b"Content-Type: application/sdp", start=INVITE, body=SDP + SDP_6[-60:]),
    "ipv4-mapped-ipv6": request(
        b"Contact: <sip:emil@[::ffff:192.0.2.77]>", via=b"SIP/2.0/UDP [::ffff:192.0.2.77]:5071;branch=z9hG4bK-6"
    ),
    "ipv6-bug-abnf-3-colons": request(
        start=start(uri=b"sip:dora@[2001:db8:::192.0.2.88]"), to=b"<sip:dora@[2001:db8:::192.0.2.88]>"
    ),
    "ipv6-correct-abnf-2-colons": request(
        start=start(uri=b"sip:dora@[2001:db8::192.0.2.88]"), to=b"<sip:dora@[2001:db8::192.0.2.88]>"
    ),
}
