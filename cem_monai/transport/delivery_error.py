"""Why an image did not arrive, and whether trying again can help."""

from __future__ import annotations

from enum import Enum


class Fault(Enum):
    """What a sender does after a failure."""

    UNREACHABLE = "unreachable"
    """Nobody answers: wait, then try everything again."""
    BUSY = "busy"
    """The archive cannot take this object now: go on with the next, come back later."""
    REFUSED = "refused"
    """The archive will never take this object."""
    MISCONFIGURED = "misconfigured"
    """The archive will take nothing until a person changes an address, a key or a permission."""


class DeliveryError(ValueError):
    """An object was not stored: one sentence names the destination and the answer.

    Args:
        sentence: for people; holds no patient data, so nothing that the archive wrote itself.
        fault: for the sender.
    """

    def __init__(self, sentence: str, fault: Fault) -> None:
        super().__init__(sentence)
        self.fault = fault
