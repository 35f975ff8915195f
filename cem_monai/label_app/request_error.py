"""What a client asked wrongly, as one sentence and an HTTP status."""

from __future__ import annotations


class RequestError(ValueError):
    """A request cannot be answered.

    Args:
        sentence: what is wrong, with the value.
        status: HTTP status, 400 to 499; by default what was sent cannot be used.
    """

    def __init__(self, sentence: str, status: int = 422) -> None:
        super().__init__(sentence, status)  # both, so that it can be sent to another process
        self.status = status

    def __str__(self) -> str:
        return str(self.args[0])
