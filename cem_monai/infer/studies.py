"""Translate a folder, or study after study of an archive; keep, audit and send the results."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from cem_monai.command_line import root_error
from cem_monai.data import NoLowEnergyError
from cem_monai.dicom import GENERATED_IMAGES, MammogramError, open_header
from cem_monai.infer.bundle_inference import PICTURES, config_for
from cem_monai.infer.destination import Target
from cem_monai.infer.refusals import RefusalList, read_refusals
from cem_monai.infer.results import Result, Translation, count_made_from, find_results
from cem_monai.transport import (
    PATIENCE,
    AuditLog,
    Delivery,
    DeliveryError,
    Fault,
    Sender,
    Source,
    archive_source,
    growing_pauses,
)

Translate = Callable[[Path, Path], Translation]
"""Generates an image for each low-energy one of a folder."""


@dataclass
class Outcome:
    """What became of the input.

    Attributes:
        refused: number of files that cannot be used; `refused.csv` lists them.
        missed: sentences of studies that the archive did not deliver.
        older: number of results in the output that earlier runs made from what is refused now.
        delivery: what became of the results that were to be sent; None without a destination.
    """

    refused: int = 0
    missed: list[str] = field(default_factory=list)
    older: int = 0
    delivery: Delivery | None = None

    @property
    def complete(self) -> bool:
        """Whether every file was used and every result has arrived."""
        sent = self.delivery is None or not self.delivery.refused + self.delivery.waiting
        return sent and not self.refused and not self.missed

    @property
    def sentences(self) -> list[str]:
        """What a person should know at the end."""
        told = [f"a study was not fetched: {sentence}" for sentence in self.missed]
        if self.older:
            told.append(
                f"{self.older} older results in the output come from images that nothing is made "
                "of now; they are not sent"
            )
        if self.delivery is not None:
            told.append(f"{self.delivery.stored} results stored in the archive")
            if self.delivery.refused:
                told.append(f"{self.delivery.refused} refused by it, see failed/ in the outbox")
            if self.delivery.waiting:
                told.append(
                    f"{self.delivery.waiting} wait in the outbox, the same command sends them: "
                    f"{self.delivery.trouble}"
                )
        return told


def infer_studies(
    source: str,
    output: str | os.PathLike[str],
    translate: Translate,
    *,
    sender: Sender | None = None,
    ae_title: str,
    patience: float = PATIENCE,
) -> Outcome:
    """Generate the virtual image of every low-energy image, keep it, and send it on.

    What is left of an interrupted run is sent too.

    Args:
        source: file, folder, or address of studies, see `cem_monai.transport.archive_source`.
        output: folder of the results, of `audit.jsonl`, and of the outbox.
        translate: see `Translate`.
        sender: way to an archive that gets the results.
        ae_title: how we call ourselves in the DICOM protocol.
        patience: s that an archive may be away.

    Raises:
        DeliveryError: the archive does not tell which studies it has.
        FileNotFoundError: see `run_inference`.
        ValueError: see `run_inference`, or results from PNG and JPEG were to be sent.
    """
    output = Path(output).absolute()
    archive = archive_source(source, ae_title=ae_title)
    if archive is None and sender is not None and config_for(Path(source)) == PICTURES:
        raise ValueError(
            f"{source}: archives take DICOM; results from PNG or JPEG stay in a folder"
        )
    run = _Run(translate, output, sender, patience)
    if archive is None:
        run.folder(Path(source).absolute())
    else:
        _study_by_study(run, archive)
    run.finish(patience)
    return run.outcome


def _study_by_study(run: _Run, archive: Source) -> None:
    try:
        run.archive(archive)
    except Exception:
        with suppress(Exception):  # what was made goes out; the first failure is the one to tell
            run.finish(patience=0)
        raise


class _Run:
    """One run of `infer_studies`."""

    def __init__(
        self, translate: Translate, output: Path, sender: Sender | None, patience: float
    ) -> None:
        self.output, self.patience = output, patience
        self.outcome = Outcome()
        self.audit = AuditLog(output / "audit.jsonl")
        self.target: Target | None = None
        self._translate, self._sender = translate, sender
        self._sent = Delivery()
        self._unused: set[str] = set()

    def folder(self, source: Path) -> None:
        """Translate local files, straight into the output."""
        translation = self._translate(source, self.output)
        self.outcome.refused = translation.refused
        self._aim()
        results = find_results(source, translation.written)
        self._unused |= results.unused
        for result in results.made:
            self._keep(result)

    def archive(self, archive: Source) -> None:
        """Translate study after study, and send each one's results before the next."""
        self._aim()
        refusals = RefusalList(self.output / "refused.csv")
        for uid in tqdm(archive.studies(), desc="studies", unit="study"):
            work = self.output / ".work"
            shutil.rmtree(work, ignore_errors=True)
            try:
                _fetch(archive, uid, work / "in", self.patience)
                if _without_generated(work / "in"):
                    self._study(work, refusals)
            except DeliveryError as error:
                self.outcome.missed.append(str(error))
            finally:
                shutil.rmtree(work, ignore_errors=True)

    def finish(self, patience: float) -> None:
        """Count what earlier runs left, and send all that still waits."""
        self.outcome.older = count_made_from(self.output, self._unused)
        if self.target is not None:
            last = self.target.deliver_with_bar(patience=patience)
            self._sent.stored += last.stored
            self._sent.refused += last.refused
            self._sent.waiting, self._sent.trouble = last.waiting, last.trouble
            self.outcome.delivery = self._sent

    def _study(self, work: Path, refusals: RefusalList) -> None:
        written: Sequence[Path] = []
        try:
            written = self._translate(work / "in", work / "out").written
        except Exception as error:
            if not isinstance(root_error(error), NoLowEnergyError):  # says nothing about the next
                raise
        finally:
            refusals.add(read_refusals(work / "out" / "refused.csv"))
            self.outcome.refused = len(refusals)
        results = find_results(work / "in", written)
        self._unused |= results.unused
        for result in results.made:
            kept = self.output / result.path.relative_to(work / "out")
            kept.parent.mkdir(exist_ok=True)
            os.replace(result.path, kept)
            self._keep(Result(kept, result.uid, result.facts))
        if self.target is not None:
            now = self.target.deliver(lambda *_: None, patience=0)
            self._sent.stored += now.stored
            self._sent.refused += now.refused

    def _keep(self, result: Result) -> None:
        self.audit.write(
            **result.facts,
            output_sop_instance_uid=result.uid,
            destination="folder",
            result="written",
        )
        if self.target is not None:
            self.target.outbox.add(result.path, result.uid, result.facts)

    def _aim(self) -> None:
        """Make the outbox, once nothing has refused to write into the output."""
        if self._sender is not None:
            self.target = Target.below(self.output, self._sender, self.audit)


def _without_generated(folder: Path) -> bool:
    """Delete what an earlier run has put into the study; return whether anything is left."""
    for path in folder.glob("*.dcm"):
        try:
            image_type = open_header(path).get("ImageType") or []
        except MammogramError:  # goes on to the list of what is refused
            continue
        if GENERATED_IMAGES & {str(value) for value in image_type}:
            path.unlink()
    return any(folder.glob("*.dcm"))


def _fetch(archive: Source, uid: str, folder: Path, patience: float) -> int:
    """Fetch one study, again and again if the archive is away."""
    for pause in growing_pauses():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
        try:
            return archive.fetch(uid, folder)
        except DeliveryError as error:
            patience -= pause
            if error.fault not in (Fault.UNREACHABLE, Fault.BUSY) or patience < 0:
                raise
        time.sleep(pause)
    raise AssertionError("growing_pauses never ends")
