"""Several values of a message in one call, for those who read the same ones of every message."""

from typing import Any

from sipcore._parser import Message

__all__ = ["Reader"]

class Reader:
    """Reads the same values of many messages.

        read = Reader("method", "uri", "from.uri", "from.tag", "cseq.number", "via.branch", "body")
        method, uri, from_uri, from_tag, number, branch, body = read(message)

    One call costs about what the strings in its result cost: each header is scanned at most once, however many of its
    parts are asked for, and words that recur in all traffic are made once. Immutable, and free to be shared between
    threads.

    Paths:
        ``method``, ``status`` (int), ``reason``, ``version``: of the start line.
        ``uri``: the Request-URI; also ``uri.scheme``, ``uri.user``, ``uri.password``, ``uri.host``, ``uri.port`` (int),
            ``uri.headers``.
        ``from``, ``to``, ``contact``, ``route``, ``record-route``, ``p-asserted-identity``: the first address as it
            stands; also ``.display-name``, ``.tag``, ``.uri`` and the parts of the URI as above.
        ``via``: the topmost value; also ``.transport``, ``.host``, ``.port`` (int), ``.branch``, ``.received``,
            ``.rport``.
        ``cseq.number`` (int), ``cseq.method``.
        ``max-forwards``, ``expires``, ``content-length`` (int).
        ``content-type.essence``: in lower case.
        ``content-disposition.kind``, ``.handling``; ``event.package``, ``.id``; ``subscription-state.state``,
            ``.reason``, ``.expires`` (int), ``.retry-after`` (int): what the attributes of the message give, and at
            their cost.
        ``body``: a read-only view.
        Any other name is that of a header: its first value as text.

    Names are matched without regard to case; an underscore stands for a hyphen.

    Raises:
        ValueError: a path names nothing that can be read.
    """

    def __init__(self, *paths: str) -> None: ...
    @property
    def paths(self) -> tuple[str, ...]: ...
    def __call__(self, message: Message) -> tuple[Any, ...]:
        """One value for each path, in their order; None for what the message does not have.

        Text is decoded like `Message` decodes it, and a scheme or host is in lower case like `Uri` has it.

        Raises:
            HeaderError: a header that is asked for is malformed.
        """
