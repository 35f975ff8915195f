"""The measures of a summary in the groups in which the report shows them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """How one measure is shown.

    Args:
        name: column of `metrics.csv`.
        label: heading, without unit.
        digits: after the decimal point.
        unit: of the shown number; empty for none.
        factor: shown number per measured number, e.g. 100 for a share in percent.
        signed: whether a plus is written.
    """

    name: str
    label: str
    digits: int
    unit: str = ""
    factor: float = 1.0
    signed: bool = False

    @property
    def heading(self) -> str:
        """Label with unit, e.g. `L1 (grey levels)`."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


@dataclass(frozen=True)
class ColumnGroup:
    """Measures that are read together.

    Args:
        title: of their table.
        columns: in the order of the table.
        note: one sentence on how to read them; empty for none.
    """

    title: str
    columns: tuple[Column, ...]
    note: str = ""


GREY, SQUARES = "grey levels", "grey levels²"


def share(name: str, label: str) -> Column:
    """Return a column of a share of 0 to 1, shown in percent."""
    return Column(name, label, 2, "%", 100)


def distances(prefix: str) -> tuple[Column, ...]:
    """Return L1, L2 and both kinds of PSNR of one region."""
    return (
        Column(f"{prefix}l1", "L1", 2, GREY),
        Column(f"{prefix}l2", "L2", 1, SQUARES),
        Column(f"{prefix}psnr_roi", "psnr_roi", 2, "dB"),
        Column(f"{prefix}psnr_frame", "psnr_frame", 2, "dB"),
    )


def similarities(prefix: str) -> tuple[Column, ...]:
    """Return SSIM and MS-SSIM of one region."""
    return Column(f"{prefix}ssim", "SSIM", 3), Column(f"{prefix}ms_ssim", "MS-SSIM", 3)


def ratios(prefix: str, digits: int) -> tuple[Column, ...]:
    """Return real and generated CNR of one region and their difference."""
    return (
        Column(f"{prefix}cnr_real", "CNR real", digits),
        Column(f"{prefix}cnr_generated", "CNR generated", digits),
        Column(f"{prefix}delta_cnr", "ΔCNR", digits, signed=True),
    )


SETTING_COLUMNS = (*distances(""), Column("delta_cnr", "ΔCNR", 3, signed=True))
"""Of the tables of the three settings."""

MEASURE_GROUPS = (
    ColumnGroup("Whole image", (*distances("image_"), *similarities("image_"))),
    ColumnGroup(
        "Breast: distances",
        (
            *distances("breast_"),
            *similarities("breast_"),
            Column("breast_wasserstein", "histogram distance", 2, GREY),
        ),
        "Histogram distance: Wasserstein-1, the mean shift of grey levels that turns one "
        "histogram into the other; 0 is perfect.",
    ),
    ColumnGroup(
        "Breast: contrast-to-noise ratio of patches",
        (
            *ratios("breast_", 3),
            Column("breast_abs_delta_cnr", "|ΔCNR|", 3),
            Column("breast_cnr_windows", "windows", 0),
            Column("breast_cnr_dropped", "windows dropped", 1),
        ),
        "It hardly sees a lost lesion and rises with smoothing: read it beside the lesions.",
    ),
    ColumnGroup("Breast: the same, air masked", ratios("breast_masked_", 3)),
    ColumnGroup(
        "Rest of the breast, in images with a mass",
        (*distances("rest_"), Column("rest_delta_cnr", "ΔCNR", 3, signed=True)),
    ),
    ColumnGroup("Mass: distances", (*distances("mass_"), *similarities("mass_"))),
    ColumnGroup(
        "Mass: contrast-to-noise ratio, mean over readers",
        (
            *ratios("mass_", 2),
            Column("mass_abs_delta_cnr", "|ΔCNR|", 2),
            Column("mass_delta_cnr_first", "ΔCNR, first reader", 2, signed=True),
            Column("mass_delta_cnr_second", "ΔCNR, second reader", 2, signed=True),
        ),
        "Each image by its own noise, as published: a perfect image without noise scores above 0, "
        "and blur raises it.",
    ),
    ColumnGroup(
        "Mass: contrast, and CNR by the noise of the real image",
        (
            Column("mass_contrast_real", "contrast real", 1, GREY, signed=True),
            Column("mass_contrast_generated", "contrast generated", 1, GREY, signed=True),
            Column("mass_contrast_error", "contrast error", 1, GREY, signed=True),
            Column("mass_abs_contrast_error", "|contrast error|", 1, GREY),
            Column("mass_real_sigma_cnr_generated", "CNR generated", 2),
            Column("mass_real_sigma_delta_cnr", "ΔCNR", 2, signed=True),
            Column("mass_missed_enhancement", "missed enhancement", 1, "%", 100),
            Column("surround_is_ring", "ring as surround", 0, "%", 100),
        ),
        "Contrast: mean of the mass minus mean of its surround. Missed enhancement: share of the "
        "real contrast that the generated image lacks.",
    ),
    ColumnGroup(
        "Contrast index of the whole image (CCI)",
        (
            Column("cci_real", "CCI real", 3, GREY),
            Column("cci_generated", "CCI generated", 3, GREY),
            Column("cci_ratio", "CCI generated / real", 3),
        ),
        "A ratio of 1 is perfect; below 1 the generated image is smoother.",
    ),
)
SIZE_GROUP = ColumnGroup(
    "Sizes of the regions, the same for all predictors",
    tuple(
        Column(f"{region}_pixels", label, 0, "pixels")
        for region, label in (
            ("breast", "breast"),
            ("rest", "rest of the breast"),
            ("mass", "mass"),
            ("mirror", "mirrored position"),
            ("decoy", "decoy"),
        )
    ),
)

FALSE_COLUMNS = (
    share("false_share", "above the threshold"),
    share("false_share_real", "the same, real image"),
    share("false_abs_share_error", "|share − that of the real image|"),
    Column("false_foci", "foci", 2, "per image"),
    Column("false_foci_real", "foci, real image", 2, "per image"),
    Column("false_excess", "excess", 2, GREY, signed=True),
)
FALSE_GROUP = ColumnGroup("Lesion-free tissue of every breast", FALSE_COLUMNS)
LESION_FREE_GROUP = ColumnGroup("Lesion-free breasts: images without a mass", FALSE_COLUMNS)
MIRROR_GROUP = ColumnGroup(
    "Mirrored position: where the other breast has its lesion",
    (
        share("mirror_share", "above the threshold"),
        Column("mirror_excess", "excess", 2, GREY, signed=True),
    ),
)
DECOY_GROUP = ColumnGroup(
    "Decoys: lesions that the low-energy image shows and that do not enhance",
    (
        Column("decoy_contrast_real", "contrast real", 2, GREY, signed=True),
        Column("decoy_contrast_generated", "contrast generated", 2, GREY, signed=True),
    ),
    "A generated contrast above the real one invents enhancement.",
)

LESION_COLUMNS = (
    Column("contrast_error", "contrast error", 1, GREY, signed=True),
    Column("abs_contrast_error", "|contrast error|", 1, GREY),
    Column("delta_cnr", "ΔCNR", 2, signed=True),
    Column("missed_enhancement", "missed enhancement", 1, "%", 100),
    Column("is_missed", "missed lesions", 1, "%", 100),
)
"""Of `summary["lesions"]`."""

CASE_LEVEL = tuple(
    column
    for group in (*MEASURE_GROUPS, SIZE_GROUP, FALSE_GROUP, MIRROR_GROUP, DECOY_GROUP)
    for column in group.columns
)
REGIONS = {
    "image": "image",
    "breast": "breast",
    "rest": "rest of the breast",
    "mass": "mass",
    "lesion": "lesion",
    "false": "false enhancement:",
    "mirror": "mirrored position:",
    "decoy": "decoy",
}
"""Beginnings of the names of measures, as they are called where no heading tells the region."""


def column_of(name: str) -> Column:
    """Return how a measure is shown on its own, its region in the label.

    A measure that the report does not know keeps its name.
    """
    known = {column.name: column for column in CASE_LEVEL}
    known |= {f"lesion_{column.name}": column for column in LESION_COLUMNS}
    known |= {"recall_visible": share(name, "recall of visible lesions")}
    known |= {"recall_occult": share(name, "recall of occult lesions")}
    if name not in known:
        return Column(name, name, 3)
    column = known[name]
    region = REGIONS.get(name.split("_")[0], "")
    label = f"{region} {column.label}".strip()
    return Column(name, label, column.digits, column.unit, column.factor, column.signed)
