from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cem_monai.data import mask_path, write_mask
from cem_monai.dicom import (
    GeneratingModel,
    open_mammogram,
    read_generated,
    read_mammogram,
    save_dataset,
    virtual_des_dataset,
)
from cem_monai.evaluation import (
    CasePanel,
    case_panel,
    load_evaluation_case,
    panel_figure,
    read_prediction,
    write_panel,
)
from exams import SPACING, breast_and_mass, write_exam

SIZE, OFFSET = 64, 7
BREAST, MASS, _ = breast_and_mass(SIZE)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, dict[str, Path]]:
    """Left and right case whose virtual image is the real one plus `OFFSET` inside the breast."""
    write_exam(tmp_path, "TEST", size=SIZE)
    return {side: case_files(tmp_path / "TEST", side) for side in "LR"}


def case_files(folder: Path, side: str) -> dict[str, Path]:
    paths = {
        "low_energy": folder / f"{side}_CC_LE.dcm",
        "recombined": folder / f"{side}_CC_DES.dcm",
        "virtual": folder / f"{side}_virtual.dcm",
    }
    breast = BREAST if side == "L" else BREAST[:, ::-1]
    real = open_mammogram(paths["recombined"]).pixel_array
    dataset = virtual_des_dataset(
        open_mammogram(paths["low_energy"]),
        (real + OFFSET * breast).astype(np.uint16),
        breast,
        model=GeneratingModel("test", "0", "ab" * 32, "ef" * 32),
        bits_stored=12,
        window=(1000, 100),
    )
    save_dataset(dataset, paths["virtual"])
    write_mask(breast, mask_path(paths["recombined"], "breast"), SPACING)
    return paths


def load(
    paths: dict[str, Path], *, without: str = "", window: tuple[float, float] | None = None
) -> CasePanel:
    item = {"case": "case", "patient": "TEST"}
    item |= {"image": paths["low_energy"], "label": paths["recombined"]}
    item |= {name: mask_path(paths["recombined"], name) for name in ("breast", "mass")}
    item.pop(without, None)
    case = load_evaluation_case(item)
    prediction = read_prediction(paths["virtual"], case)
    return case_panel(case, prediction, display_window=window)


def draw(panel: CasePanel, title: str = "case", caption: str = "numbers") -> Any:
    return panel_figure(panel, title=title, caption=caption)


def drawn(figure: Any) -> list[Any]:
    return [axes.images[0] for axes in figure.axes[:4]]


def texts(artist: Any) -> list[str]:
    return [text.get_text() for text in artist.texts]


@pytest.mark.parametrize("side", ["L", "R"])
def test_images_are_the_pixels_of_the_files(files: Any, side: str) -> None:
    paths = files[side]

    low_energy, recombined, virtual, _ = drawn(draw(load(paths)))

    real = read_mammogram(paths["recombined"]).pixels
    np.testing.assert_array_equal(
        low_energy.get_array(), read_mammogram(paths["low_energy"]).pixels
    )
    np.testing.assert_array_equal(recombined.get_array(), real)
    np.testing.assert_array_equal(virtual.get_array()[BREAST], real[BREAST] + OFFSET)


@pytest.mark.parametrize("side", ["L", "R"])
def test_difference_is_virtual_minus_real_inside_the_breast(files: Any, side: str) -> None:
    difference = drawn(draw(load(files[side])))[3].get_array()

    np.testing.assert_array_equal(difference[BREAST].data, OFFSET)
    np.testing.assert_array_equal(np.ma.getmaskarray(difference), ~BREAST)


def test_banner_in_the_pixels_is_no_difference(files: Any) -> None:
    assert read_generated(files["L"]["virtual"]).pixels.max() == 4095
    assert load(files["L"]).difference.max() == OFFSET


def test_colors_of_the_difference_are_centered_on_zero(files: Any) -> None:
    image = drawn(draw(load(files["L"], window=(2050, 300))))[3]

    low, high = image.get_clim()
    assert (low, high) == (-(2199 - 1900) / 4, (2199 - 1900) / 4)
    np.testing.assert_allclose(image.cmap(image.norm(0.0))[:3], (0.97, 0.97, 0.97), atol=0.01)
    reddish, bluish = image.cmap(image.norm(50.0)), image.cmap(image.norm(-50.0))
    assert reddish[0] > reddish[2]
    assert bluish[2] > bluish[0]


def test_color_bar_is_in_stored_values(files: Any) -> None:
    bar = draw(load(files["L"])).axes[5]

    assert bar.get_xlabel() == "virtual - DES (stored values)"
    assert bar.get_xlim() == (-4095 / 4, 4095 / 4)


def test_color_bar_lies_below_the_difference(files: Any) -> None:
    figure = draw(load(files["L"]))

    image, bar = (figure.axes[number].get_position() for number in (3, 5))
    assert image.x0 < bar.x0 < bar.x1 < image.x1
    assert 0 < bar.y0 < bar.y1 < image.y0


def test_virtual_has_the_window_of_the_real_image_not_its_own(files: Any) -> None:
    low_energy, recombined, virtual, _ = drawn(draw(load(files["L"])))

    assert recombined.get_clim() == virtual.get_clim() == (0, 4095)
    assert low_energy.get_clim() == (0, 4095)


def test_window_argument_leaves_the_low_energy_image_alone(files: Any) -> None:
    figure = draw(load(files["L"], window=(2050, 300)))

    clims = [image.get_clim() for image in drawn(figure)[:3]]
    assert clims == [(0, 4095), (1900, 2199), (1900, 2199)]
    assert figure.axes[2].get_xlabel() == "window: black 1900, white 2199"


@pytest.mark.parametrize("side", ["L", "R"])
def test_outline_runs_around_the_mass_in_all_images(files: Any, side: str) -> None:
    figure = draw(load(files[side]))

    rows, columns = np.nonzero(MASS)
    for axes in figure.axes[:4]:
        outline = np.concatenate([path.vertices for path in axes.collections[0].get_paths()])
        np.testing.assert_allclose(outline.min(axis=0), (columns.min() - 0.5, rows.min() - 0.5))
        np.testing.assert_allclose(outline.max(axis=0), (columns.max() + 0.5, rows.max() + 0.5))


def test_no_outline_without_a_mask(files: Any) -> None:
    figure = draw(load(files["L"], without="mass"))

    assert [len(axes.collections) for axes in figure.axes[:4]] == [0, 0, 0, 0]


def test_scale_bar_is_as_long_as_it_says(files: Any) -> None:
    axes = draw(load(files["L"])).axes[0]

    (bar,) = axes.lines
    start, end = bar.get_xdata()
    (label,) = texts(axes)
    assert label == f"{(end - start) * SPACING[1]:g} mm"


def test_no_scale_bar_without_spacing(files: Any) -> None:
    axes = draw(replace(load(files["L"]), spacing=None)).axes[0]

    assert not axes.lines
    assert not texts(axes)


def test_pixels_that_are_not_square_are_drawn_in_proportion(files: Any) -> None:
    figure = draw(replace(load(files["L"]), spacing=(0.4, 0.2)))

    assert [axes.get_aspect() for axes in figure.axes[:5]] == [2] * 5


def test_view_holds_the_whole_breast_and_little_air(files: Any) -> None:
    figure = draw(load(files["L"]))

    rows, columns = np.nonzero(BREAST)
    for axes in figure.axes[:5]:
        (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
        assert (left, top) == (-0.5, rows.min() - 2.5)
        assert (right, bottom) == (columns.max() + 2.5, rows.max() + 2.5)


def test_empty_breast_mask_shows_the_whole_image(files: Any) -> None:
    figure = draw(replace(load(files["L"]), breast=np.zeros_like(BREAST)))

    assert figure.axes[0].get_xlim() == (-0.5, SIZE - 0.5)
    assert drawn(figure)[3].get_array().mask.all()


def test_all_images_have_one_size(files: Any) -> None:
    figure = draw(load(files["L"]))

    figure.draw_without_rendering()
    sizes = [axes.get_window_extent().size for axes in figure.axes[:5]]
    np.testing.assert_allclose(sizes, [sizes[0]] * 5)


def test_breast_is_found_where_no_mask_is_given(files: Any) -> None:
    panel = load(files["R"], without="breast")

    assert (panel.breast ^ BREAST).sum() < 0.02 * BREAST.sum()


def test_words(files: Any) -> None:
    figure = draw(load(files["L"]), title="CASE $1$", caption="a $ sign")

    assert figure.axes[2].get_title() == "VIRTUAL - AI generated"
    assert texts(figure.axes[2]) == ["VIRTUAL - AI generated"]
    assert texts(figure) == ["CASE $1$", "a $ sign", "research only - not for diagnosis"]
    assert not any(text.get_parse_math() for text in figure.texts[:2])


def test_file_is_the_same_every_time(files: Any, tmp_path: Path) -> None:
    for name in ("one.png", "two.png"):
        path = tmp_path / "pictures" / name
        write_panel(load(files["L"]), path, title="case", caption="numbers")

    png = (tmp_path / "pictures" / "one.png").read_bytes()
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert png == (tmp_path / "pictures" / "two.png").read_bytes()
    assert len(list((tmp_path / "pictures").iterdir())) == 2
