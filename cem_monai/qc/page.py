"""Write the page: one HTML file that needs no script and asks for nothing over the network."""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from cem_monai.atomic import atomic_write
from cem_monai.data import CEMPair, Refused
from cem_monai.qc.counts import density, image_tables, matrix, pair_tables, place_tables, spacing
from cem_monai.qc.duplicates import Duplicate, find_duplicates
from cem_monai.qc.findings import list_findings
from cem_monai.qc.pair_facts import CONTENT_NAMES, PairFacts, read_pair_facts
from cem_monai.qc.refusals import group_refused
from cem_monai.qc.sections import read_places
from cem_monai.qc.split_exams import find_shared_studies, find_split_patients

SHEET_PAIRS = 200
"""Pairs with pictures: some 4 MB."""
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"


def write_qc(
    path: str | os.PathLike[str],
    pairs: Sequence[CEMPair],
    refused: Sequence[Refused] = (),
    *,
    datalist: str | os.PathLike[str] | None = None,
    sheet_pairs: int = SHEET_PAIRS,
) -> None:
    """Write what was paired and refused, counts, duplicates, split exams and a contact sheet.

    The page shows patients' images and identifiers and says so: it belongs into the archive.
    It is written completely or not at all.

    Args:
        path: HTML file to write.
        pairs, refused: from `find_pairs`, and what an importer refused.
        datalist: JSON file of `write_datalist`, for the sections; folds are looked for beside the
            page.
        sheet_pairs: how many pairs get pictures, from the first on; all are read and compared.

    Raises:
        MammogramError: an image cannot be read any more.
    """
    facts = read_pair_facts(pairs, read_places(datalist, Path(path).parent), shown=sheet_pairs)
    duplicates, split_patients = find_duplicates(facts), find_split_patients(facts)
    shared_studies = find_shared_studies(facts)
    page = _template().render(
        archive=str(Path(path).absolute().parent),
        totals=_totals(facts),
        findings=list_findings(
            facts,
            refused=len(refused),
            duplicates=duplicates,
            split_patients=split_patients,
            shared_studies=shared_studies,
        ),
        refusals=group_refused(refused),
        duplicates=duplicates,
        split_patients=split_patients,
        shared_studies=shared_studies,
        image_tables=image_tables(facts),
        pair_tables=pair_tables(facts),
        place_tables=place_tables(facts),
        sheet=_sheet(facts[:sheet_pairs], duplicates),
    )
    with atomic_write(path, "w") as file:
        file.write(page)


def _totals(facts: Sequence[PairFacts]) -> dict[str, int]:
    return {
        "pairs": len(facts),
        "patients": len({pair.pair.patient for pair in facts}),
        "studies": len({pair.pair.low_energy.study_instance_uid for pair in facts}),
        "with a lesion mask": sum("mass" in pair.masks for pair in facts),
    }


def _sheet(facts: Sequence[PairFacts], duplicates: Sequence[Duplicate]) -> list[dict[str, Any]]:
    """Return what the contact sheet shows of each pair."""
    doubled = {file for one in duplicates for *_, file in one.images}
    return [
        {
            "name": pair.pair.name,
            "doubled": any(str(image.attributes.path) in doubled for image in pair.images),
            "facts": [fact.replace(" ", NO_BREAK_SPACE) for fact in _facts(pair) if fact],
            "images": [
                {
                    "content": CONTENT_NAMES[image.content],
                    "window": image.window or "none",
                    "source": base64.b64encode(image.thumbnail or b"").decode("ascii"),
                }
                for image in pair.images
            ],
        }
        for pair in facts
    ]


def _facts(pair: PairFacts) -> list[str]:
    low_energy, acquired = pair.images[0], pair.pair.low_energy.acquired
    millimeters, letter = spacing(low_energy), density(pair)
    return [
        pair.place.section,
        f"fold {pair.place.fold}" if pair.place.fold else "",
        matrix(low_energy),
        f"{low_energy.attributes.bits_stored} bits",
        f"{millimeters} mm" if millimeters else "",
        f"density {letter}" if letter else "",
        f"{acquired:%Y-%m-%d}" if acquired else "",
        "lesion mask" if "mass" in pair.masks else "",
    ]


def _template() -> Any:
    environment = Environment(
        loader=PackageLoader("cem_monai.qc"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("qc.html")
