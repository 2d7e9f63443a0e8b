"""The fields that matter to the express lane. Native but for how it is made, see `_survey.pxd`."""

class Survey:
    """Knows what each field of a message is to the lane.

    Args:
        mark, assertion: names of the headers that never leave as they came.
        notice: of one that is edited elsewhere; None for none.
        retracts: Supported is edited elsewhere too.
    """

    def __init__(self, mark: str, assertion: str, notice: str | None = None, *, retracts: bool = False) -> None: ...
