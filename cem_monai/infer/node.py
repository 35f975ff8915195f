"""A node: what arrives over the DICOM protocol is translated and sent on, until it is stopped."""

from __future__ import annotations

import contextlib
import errno
import io
import logging
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from pathlib import Path
from types import FrameType
from typing import TextIO

from cem_monai.command_line import root_error
from cem_monai.data import NoLowEnergyError
from cem_monai.infer.destination import Target
from cem_monai.infer.refusals import append_codes, read_refusals
from cem_monai.infer.results import find_results
from cem_monai.infer.studies import Translate
from cem_monai.transport import (
    AuditLog,
    Inbox,
    Listening,
    Parcel,
    Sender,
    StorageService,
    growing_pauses,
)

DISK_FAILS = {errno.ENOSPC, errno.EDQUOT, errno.EIO}
"""Errors that the next study would meet too."""
LOOK_SECONDS = 0.5
"""s between two looks at the folders."""


class Node:
    """Listener, translator and sender around one folder.

    Every state is a file in that folder: after a crash at any moment the next start goes on.

    Args:
        folder: holds the inbox, the outbox, `audit.jsonl` and `refused.csv` (UIDs and codes); one
            node at a time.
        listening: where and to whom it listens.
        translate: see `cem_monai.infer.studies.Translate`.
        sender: way to the archive that gets the results.
        quiet_seconds: s; a study counts as complete when nothing arrived for so long.
        log: gets one line for each event, without patient data.
    """

    def __init__(
        self,
        folder: Path,
        listening: Listening,
        translate: Translate,
        sender: Sender,
        *,
        quiet_seconds: float = 10.0,
        log: Callable[[str], None],
    ) -> None:
        self._folder, self._translate, self._log = folder, translate, log
        self._quiet_seconds = quiet_seconds
        self._inbox = Inbox(folder / "inbox")
        self._target = Target.below(folder, sender, AuditLog(folder / "audit.jsonl"))
        self._service = StorageService(listening, self._inbox, log)
        self.stopping = threading.Event()

    @property
    def port(self) -> int:
        """TCP port that it listens at."""
        return self._service.port

    def run(self) -> None:
        """Work until `stopping` is set.

        Raises:
            OSError: the port is taken.
            RuntimeError: the thread that sends has died.
        """
        self._service.start()
        self._log(f"listening at port {self.port}")
        sending = threading.Thread(target=self._send, name="sending", daemon=True)
        sending.start()
        try:
            self._work(sending)
        finally:
            self.stopping.set()
            self._service.stop()
            sending.join(timeout=5)
            self._log("stopped")

    def _work(self, sending: threading.Thread) -> None:
        pauses = growing_pauses()
        while not self.stopping.wait(LOOK_SECONDS):
            if not sending.is_alive():
                raise RuntimeError("the thread that sends has died")
            try:
                self._look()
                pauses = growing_pauses()
            except OSError as error:  # everything stays where it is
                self._log(f"cannot work for now ({error.strerror or type(error).__name__})")
                self.stopping.wait(next(pauses))

    def _look(self) -> None:
        """Translate all studies that are complete.

        Raises:
            OSError: of the last study that met one; the others are done, unless the disk fails all.
        """
        trouble = None
        for study in self._inbox.complete(self._quiet_seconds):
            if self.stopping.is_set():
                return
            try:
                self._study(study)
            except OSError as error:
                if error.errno in DISK_FAILS:
                    raise
                trouble = error
        if trouble is not None:
            raise trouble

    def _study(self, study: Path) -> None:
        work = self._folder / "work"
        shutil.rmtree(work, ignore_errors=True)
        try:
            translation = self._translate(study, work)
        except Exception as error:  # one study must not end the node; the text may quote anything
            root = root_error(error)
            if isinstance(root, OSError):
                raise root from None
            if isinstance(root, NoLowEnergyError):
                self._tell_refused(work)
            self._give_up(study, type(root).__name__, keep=not isinstance(root, NoLowEnergyError))
            return
        made = find_results(study, translation.written).made
        for result in made:
            self._target.outbox.add(result.path, result.uid, result.facts)
            self._log(f"generated {result.uid}")
        self._tell_refused(work)
        self._inbox.done(study)
        shutil.rmtree(work, ignore_errors=True)
        told = f"{len(made)} images generated, {translation.refused} refused"
        self._log(f"study {study.name}: {told}")

    def _tell_refused(self, work: Path) -> None:
        refusals = read_refusals(work / "refused.csv")
        append_codes(refusals, self._folder / "refused.csv")
        for one in refusals:
            self._log(f"refused {one.uid or 'an object without a UID'} {one.code}")

    def _give_up(self, study: Path, kind: str, *, keep: bool) -> None:
        if keep:
            self._inbox.set_aside(study)
            self._log(f"study {study.name}: failed ({kind}), set aside in inbox/failed")
        else:
            self._inbox.done(study)
            self._log(f"study {study.name}: holds nothing that can be translated")

    def _send(self) -> None:
        pauses = growing_pauses()
        trouble = None
        while not self.stopping.is_set():
            try:
                delivery = self._target.deliver(self._tell, patience=0, stop=self.stopping)
                trouble = self._tell_trouble(delivery.trouble, trouble)
            except Exception as error:  # whatever it is, what waits is kept and tried again
                reason = error.strerror if isinstance(error, OSError) else None
                reason = reason or type(error).__name__  # the text may quote anything
                trouble = self._tell_trouble(f"cannot send ({reason})", trouble)
            if trouble is None:
                pauses = growing_pauses()
            self.stopping.wait(LOOK_SECONDS if trouble is None else next(pauses))

    def _tell(self, parcel: Parcel, answer: str) -> None:
        self._log(f"{parcel.uid}: {answer}")

    def _tell_trouble(self, trouble: str | None, before: str | None) -> str | None:
        """Log a trouble once, not with every try."""
        if trouble is not None and trouble != before:
            self._log(f"{trouble}; what waits is kept")
        return trouble


def run_node(make: Callable[[Callable[[str], None]], Node], stream: TextIO | None = None) -> None:
    """Run a node until SIGTERM or SIGINT, its log on the screen and nothing else.

    Args:
        make: returns the node for a log.
        stream: gets the log; the standard output by default.
    """
    stream = stream or sys.stdout
    lock = threading.Lock()

    def log(line: str) -> None:
        with lock:
            print(f"{datetime.now():%Y-%m-%d %H:%M:%S} {line}", file=stream, flush=True)

    node = make(log)
    with _stopped_by_signals(node.stopping), _silence():
        node.run()


@contextmanager
def _stopped_by_signals(stopping: threading.Event) -> Iterator[None]:
    """Leave at the first signal, in the middle of an image too: the next start repeats it."""
    signals = count()

    def leave(*_: int | FrameType | None) -> None:
        stopping.set()
        if next(signals) == 0:
            raise SystemExit(0)

    before = {one: signal.signal(one, leave) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


class _Nowhere(io.TextIOBase):
    """Takes text and forgets it."""

    def write(self, text: str) -> int:
        return len(text)


@contextmanager
def _silence() -> Iterator[None]:
    """Keep the bundle's own messages off the screen: they may quote headers."""
    logging.getLogger("cem_monai").setLevel(logging.CRITICAL + 1)
    nowhere = _Nowhere()
    with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        yield
