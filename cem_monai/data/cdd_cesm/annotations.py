"""Read the annotations of CDD-CESM: from its workbook, or else from the table of the copies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from cem_monai.data.cdd_cesm.image_facts import (
    Annotations,
    ImageFacts,
    annotate,
    read_image_facts,
)
from cem_monai.data.cdd_cesm.image_name import LETTERS, ImageName
from cem_monai.data.cdd_cesm.problem import Problem, ProblemKind
from cem_monai.data.cdd_cesm.sheets import DESCRIPTION, MAIN, Sheet, read_sheets
from cem_monai.data.table import scan_table

Facts = dict[ImageName, ImageFacts]

TYPES = {"DM": ("DM",), "CM": ("CESM", "CM")}
"""What the column Type says of an image that is named so."""
TABLE_COLUMNS = (
    *("pair", "age", "acr", "machine", "birads_le", "birads_des", "path_le", "path_des"),
    *("findings_le", "findings_des", "tags_des"),
)


@dataclass(frozen=True)
class AnnotationFile:
    """What one annotation file tells.

    Attributes:
        facts: by image.
        problems: what it lacks, and rows or cells that were left out, each with one sentence.
    """

    facts: Facts
    problems: list[str]


def read_annotations(
    workbook: Path | None, table: Path | None
) -> tuple[Annotations, list[Problem]]:
    """Read both files, as far as they are there; where they contradict, the workbook counts.

    Args:
        workbook: `Radiology manual annotations.xlsx`, or the CSV of its first sheet.
        table: `pairs.tsv` of the 512-pixel copies.
    """
    facts: Facts = {}
    problems: list[Problem] = []
    for path, read in ((table, read_table_of_pairs), (workbook, read_workbook)):
        if path is None:
            continue
        try:
            found = read(path)
        except ValueError as error:
            found = AnnotationFile({}, [str(error)])
        told = found.problems + _contradictions(facts, found.facts, path)
        problems += [Problem(path, reason, ProblemKind.ANNOTATIONS) for reason in told]
        facts = found.facts or facts
    return annotate(facts), problems


def read_workbook(path: Path) -> AnnotationFile:
    """Read every sheet of the workbook.

    Raises:
        ValueError: the file cannot be read.
    """
    sheets = read_sheets(path)
    problems = [problem for sheet in sheets for problem in sheet.problems]
    facts: Facts = {}
    for sheet in sheets:
        if sheet.name != MAIN and not facts:
            break  # nothing to describe, which is told already
        for number, row in sheet.rows.items():
            name, reason = _named(row)
            if name is None:
                reasons = [reason]
            elif sheet.name == MAIN:
                reasons = _add_image(facts, name, row)
            else:
                reasons = _add_description(facts, name, row, sheet)
            place = f"{path}: sheet {sheet.name!r}, row {number}"
            problems += [f"{place}: {each}" for each in reasons]
    return AnnotationFile(facts, problems)


def read_table_of_pairs(path: Path) -> AnnotationFile:
    """Read the table of the 512-pixel copies.

    Raises:
        ValueError: the file cannot be read, or does not name the images.
    """
    scan = scan_table(path, ("le", "des"), delimiter="\t")
    facts: Facts = {}
    problems = list(scan.problems)
    known = next(iter(scan.rows.values()), {})
    missing = [column for column in TABLE_COLUMNS if column not in known]
    problems += [f"{path}: has no column {column!r}" for column in missing if scan.rows]
    for number, row in scan.rows.items():
        names = [ImageName.parse(PurePosixPath(row[column]).name) for column in ("le", "des")]
        reasons = _add_pair(facts, names, row)
        problems += [f"{path}: row {number}: {each}" for each in reasons]
    return AnnotationFile(facts, problems)


def _named(row: Mapping[str, str]) -> tuple[ImageName | None, str]:
    """Return the image of a row, or what is wrong with it."""
    name = ImageName.parse(row["image"])
    if name is None:
        return None, f"{row['image']!r} is no name of an image"
    pair = name.pair
    wanted = {
        "patient": (str(pair.patient),),
        "side": (pair.laterality.value,),
        "view": (pair.view_position.value,),
        "type": TYPES[LETTERS[name.content]],
    }
    for key, values in wanted.items():
        if row[key] and row[key] not in values:
            return None, f"{name} contradicts its {key} {row[key]!r}"
    return name, ""


def _add_image(facts: Facts, name: ImageName, row: Mapping[str, str]) -> list[str]:
    found, problems = read_image_facts(row)
    if name in facts:
        return [f"{name} is listed before, with other values"] if facts[name] != found else []
    facts[name] = found
    return [f"{name}: {problem}" for problem in problems]


def _add_description(
    facts: Facts, name: ImageName, row: Mapping[str, str], sheet: Sheet
) -> list[str]:
    if name not in facts:
        return [f"{name} is not in the sheet {MAIN!r}"]
    columns = ("findings", *DESCRIPTION)
    told = {key: " ".join(row[key].split()) for key in columns if row[key] not in ("", "_")}
    description = {"sheet": sheet.name} | told
    before = facts[name].descriptions
    if description not in before:  # one image may have two lesions; the source repeats a row, too
        facts[name] = replace(facts[name], descriptions=(*before, description))
    return []


def _add_pair(facts: Facts, names: list[ImageName | None], row: Mapping[str, str]) -> list[str]:
    low, recombined = names
    if low is None or recombined != low.partner or low != low.pair.low_energy:
        return [f"le and des are {row['le']!r} and {row['des']!r}, which is no pair"]
    if row.get("pair", str(low.pair)) != str(low.pair):
        return [f"pair is {row['pair']!r}, must be {low.pair}"]
    if low in facts:
        return [f"{low.pair} is listed before"]
    problems = []
    for name, suffix in ((low, "le"), (low.partner, "des")):
        cells = {key: row.get(key, "") for key in ("age", "machine")}
        cells |= {key: row.get(f"{key}_{suffix}", "") for key in ("birads", "findings", "tags")}
        cells |= {"pathology": row.get(f"path_{suffix}", "")}
        cells |= {"density": row.get("acr", "") if suffix == "le" else ""}
        facts[name], unread = read_image_facts(cells)
        problems += [f"{name}: {problem}" for problem in unread]
    return problems


def _contradictions(before: Facts, found: Facts, path: Path) -> list[str]:
    both = sorted(before.keys() & found.keys())
    different = {name: before[name].contradicts(found[name]) for name in both}
    return [
        f"{path}: {name}: other {', '.join(keys)} than in the table of pairs; the workbook counts"
        for name, keys in different.items()
        if keys
    ]
