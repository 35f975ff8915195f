"""From the DICOM series that an application selected to virtual images in its output."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydicom.dataset import Dataset

from cem_monai.data import NoLowEnergyError
from cem_monai.dicom import RefusalCode
from cem_monai.infer import Translation, run_inference
from cem_monai.infer.refusals import Refusal, RefusalList, read_refusals
from cem_monai.transport import check_uid

logger = logging.getLogger(__name__)


def selected_instances(studies: Iterable[Any]) -> list[Dataset]:
    """Return the DICOM objects of the selected series, each once.

    Args:
        studies: Deploy's `StudySelectedSeries`, as its `DICOMSeriesSelectorOperator` emits them; a
            series that two selections name is in there twice.
    """
    objects = [
        instance.get_native_sop_instance()
        for study in studies
        for selection in study.selected_series
        for instance in selection.series.get_sop_instances()
    ]
    return list({id(one): one for one in objects}.values())


def translate_instances(
    instances: Sequence[Dataset],
    output: Path,
    *,
    bundle: str,
    weights: Path | None = None,
    options: Mapping[str, Any] | None = None,
    trust: bool = False,
) -> Translation:
    """Generate the virtual image of every low-energy image among DICOM objects.

    They are taken as they are in memory: what was changed before, the patient's name perhaps, is
    not brought back from a file. What is refused is logged, and listed in `refused.csv` of the
    output (columns sop_instance_uid, reason, code).

    Args:
        instances: whole objects with their pixels, of any kind; they stay as they are.
        output: folder to write to.
        bundle, weights, options, trust: see `cem_monai.infer.run_inference`.

    Raises:
        FileNotFoundError: the bundle or the weights are missing.
        ValueError: the weights do not fit; a `NoLowEnergyError`, if there is nothing usable.
    """
    output.mkdir(parents=True, exist_ok=True)
    listed = output / "refused.csv"
    listed.unlink(missing_ok=True)  # of an earlier run
    with TemporaryDirectory(prefix="cem_monai_") as folder:
        refusals = _write_all(instances, Path(folder))
        written: Sequence[Path] = ()
        if len(refusals) < len(instances):
            settings = {"bundle": bundle, "weights": weights, "options": options, "trust": trust}
            written = _generate(folder, output, **settings)
        refusals += read_refusals(listed)
    _report(refusals, listed)
    if not written:
        raise NoLowEnergyError(
            f"no usable low-energy image among {len(instances)} selected DICOM objects: "
            f"{len(refusals)} refused, see {listed}"
        )
    return Translation(len(refusals), written)


def _generate(folder: str, output: Path, **settings: Any) -> Sequence[Path]:
    """Return the files that were written; none if nothing is usable."""
    try:
        return run_inference(folder, output, **settings).written
    except NoLowEnergyError:
        return ()


def _write_all(instances: Sequence[Dataset], folder: Path) -> list[Refusal]:
    """Write the objects for the gate to judge; return those that are too damaged for that."""
    refusals = []
    for number, instance in enumerate(instances):
        path = folder / f"{number:06}.dcm"  # a UID is what somebody has written into a header
        try:
            instance.save_as(path, enforce_file_format=True)
        except OSError:
            raise
        except Exception as error:
            path.unlink(missing_ok=True)
            reason = f"cannot be written as DICOM, it is damaged ({type(error).__name__})"
            refusals.append(Refusal(_uid(instance), reason, str(RefusalCode.DAMAGED)))
    return refusals


def _uid(instance: Dataset) -> str:
    try:
        return check_uid(str(instance.SOPInstanceUID))
    except (AttributeError, ValueError):
        return ""


def _report(refusals: list[Refusal], path: Path) -> None:
    RefusalList(path).add(refusals)
    for one in refusals:
        logger.warning("SOP instance %s left out (%s): %s", one.uid, one.code, one.reason)
