"""Program: send an outbox until it is empty, telling each answer. For tests that kill it."""

from __future__ import annotations

import sys

from cem_monai.transport import Outbox, StoreSender, StowSender, deliver, parse_peer

if __name__ == "__main__":
    folder, address = sys.argv[1:]
    sender = StowSender(address) if "://" in address else StoreSender(parse_peer(address))
    result = deliver(
        Outbox(folder), sender, lambda parcel, answer: print(parcel.uid, answer, flush=True)
    )
    sys.exit(result.waiting + result.refused)
