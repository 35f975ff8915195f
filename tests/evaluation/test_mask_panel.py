from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from cem_monai.evaluation import CasePanel, panel_figure
from cem_monai.evaluation.mask_panel import OUTLINES
from exams import breast_and_mass

SIZE = 64
BREAST, MASS, SURROUND = breast_and_mass(SIZE)


def square(row: int, column: int) -> np.ndarray:
    mask = np.zeros((SIZE, SIZE), bool)
    mask[row : row + 4, column : column + 4] = True
    return mask


def panel(**masks: Any) -> CasePanel:
    image = np.arange(SIZE**2, dtype=np.float32).reshape(SIZE, SIZE)
    return CasePanel(
        low_energy=image,
        recombined=image,
        virtual=image,
        breast=BREAST,
        mass=masks.pop("mass", None),
        low_energy_range=(0, 4095),
        recombined_range=(0, 4095),
        spacing=None,
        **masks,
    )


def masks_axes(shown: CasePanel) -> Any:
    return panel_figure(shown, title="", caption="").axes[4]


def legend(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]


def ends(outline: Any) -> list[list[float]]:
    vertices = np.concatenate([path.vertices for path in outline.get_paths()])
    return [vertices.min(axis=0).tolist(), vertices.max(axis=0).tolist()]


ALL = {
    "mass": MASS,
    "mass_second": square(30, 18),
    "surround": SURROUND,
    "decoy": square(20, 10),
    "mirrored": square(40, 12),
}


def test_every_mask_is_outlined_where_it_lies() -> None:
    axes = masks_axes(panel(**ALL))

    assert axes.get_title() == "masks"
    assert len(axes.collections) == len(OUTLINES)
    for outline, drawn in zip(OUTLINES, axes.collections, strict=True):
        rows, columns = np.nonzero(BREAST if outline.mask == "breast" else ALL[outline.mask])
        low = [columns.min() - 0.5, rows.min() - 0.5]
        high = [columns.max() + 0.5, rows.max() + 0.5]
        np.testing.assert_allclose(ends(drawn), [low, high])


def test_legend_names_what_is_drawn() -> None:
    assert legend(masks_axes(panel(**ALL))) == [
        "breast", "surround", "mass", "mass, second reader", "decoy", "mirrored lesion",
    ]  # fmt: skip
    assert legend(masks_axes(panel())) == ["breast"]
    assert legend(masks_axes(panel(decoy=np.zeros_like(MASS)))) == ["breast"]


def test_no_two_masks_look_alike() -> None:
    assert len({outline.color for outline in OUTLINES}) == len(OUTLINES)
    readers = [outline.style for outline in OUTLINES if outline.mask.startswith("mass")]
    assert len(set(readers)) == 2


def test_outlines_lie_on_the_low_energy_image_made_darker() -> None:
    shown = panel(**ALL)

    image = masks_axes(shown).images[0]

    np.testing.assert_array_equal(image.get_array(), shown.low_energy)
    assert image.get_clim()[0] == 0
    assert image.get_clim()[1] > 2 * 4095


def test_empty_breast_has_no_legend() -> None:
    shown = replace(panel(), breast=np.zeros_like(BREAST))

    assert masks_axes(shown).get_legend() is None


def test_other_images_show_the_first_mass_only() -> None:
    axes = panel_figure(panel(**ALL), title="", caption="").axes[:4]

    assert [len(image.collections) for image in axes] == [1, 1, 1, 1]
