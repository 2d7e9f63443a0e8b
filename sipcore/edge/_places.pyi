"""Our own names and addresses, compared natively."""

from sipcore.edge.tables import OwnSide

class Places:
    """What we are called and where we listen, as texts.

    Args:
        own: our side.

    Raises:
        ValueError: more than 64 addresses or 4 names.
    """

    def __init__(self, own: OwnSide) -> None: ...
