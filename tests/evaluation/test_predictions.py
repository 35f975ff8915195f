from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pydicom
import pytest
from PIL import Image

from cem_monai.data import load_datalist, write_plane
from cem_monai.dicom import (
    read_generated,
)
from cem_monai.evaluation import (
    PredictionsError,
    ProblemKind,
    find_predictions,
    load_evaluation_case,
    read_prediction,
    read_predictions,
)
from exams import SPACING, write_exams
from prediction_files import (
    FORMATS,
    Item,
    Save,
    foreign_dicom,
    nifti,
    npy,
    own_dicom,
    png,
    stored,
)

SIZE = 64


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    write_exams(folder, 3, size=SIZE)
    return folder


@pytest.fixture
def items(archive: Path, tmp_path: Path) -> list[Item]:
    """Left and right view of the one patient in the test section; files may be changed."""
    shutil.copytree(archive, tmp_path / "archive")
    return load_datalist(tmp_path / "archive" / "datalist.json", "test")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "predictions").mkdir()
    return tmp_path / "predictions"


def save_all(folder: Path, items: list[Item]) -> None:
    for item in items:
        npy(folder / f"{item['case']}.npy", stored(item), item)


def problems(folder: Path, items: list[Item]) -> list[tuple[ProblemKind, str]]:
    with pytest.raises(PredictionsError) as error:
        for _ in read_predictions(folder, items):
            pass
    return [(one.kind, one.subject) for one in error.value.problems]


@pytest.mark.parametrize("suffix", FORMATS)
def test_real_image_comes_back_exactly(items: list[Item], folder: Path, suffix: str) -> None:
    for item in items:
        FORMATS[suffix](folder / f"{item['case']}{suffix}", stored(item), item)

    read = list(read_predictions(folder, items))

    assert [case.name for case, _ in read] == [item["case"] for item in items]
    assert {case.flipped for case, _ in read} == {False, True}
    for case, prediction in read:
        assert prediction.dtype == np.float32
        np.testing.assert_array_equal(prediction, case.recombined)


def test_our_own_dicom_comes_back_without_its_banner(items: list[Item], folder: Path) -> None:
    for number, item in enumerate(items):
        own_dicom(folder / f"{number}.dcm", stored(item), item)
    assert read_generated(folder / "0.dcm").pixels.max() == 4095

    for case, prediction in read_predictions(folder, items):
        np.testing.assert_array_equal(prediction, case.recombined)


@pytest.mark.parametrize("dtype", [np.uint16, ">u2", np.int32, np.float32, np.float64])
def test_any_type_of_number(items: list[Item], folder: Path, dtype: Any) -> None:
    np.save(folder / "a.npy", stored(items[1]).astype(dtype))

    case = load_evaluation_case(items[1])

    np.testing.assert_array_equal(read_prediction(folder / "a.npy", case), case.recombined)


def test_fractions_are_kept(items: list[Item], folder: Path) -> None:
    np.save(folder / "a.npy", np.full((SIZE, SIZE), 1234.25))

    prediction = read_prediction(folder / "a.npy", load_evaluation_case(items[0]))

    np.testing.assert_array_equal(prediction, np.float32(1234.25))


SCALED = {"overshooting 1": (0, 1.04), "0 to 255": (0, 255)}


@pytest.mark.parametrize("name", SCALED)
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_image_scaled_to_few_grey_levels_is_refused(
    items: list[Item], folder: Path, name: str, photometric: str
) -> None:
    bright = np.where(stored(items[0]) == 0, 0, 2000)
    bright[0, 0] = 2010
    change(items[0], bright.astype(np.uint16), PhotometricInterpretation=photometric)
    np.save(folder / "a.npy", np.interp(bright, (0, 2010), SCALED[name]))

    with pytest.raises(PredictionsError, match=r"range of values .* \(0 to \d.*, not 0 to 4095\)"):
        read_prediction(folder / "a.npy", load_evaluation_case(items[0]))


def test_dark_image_of_a_dark_breast_is_read(items: list[Item], folder: Path) -> None:
    dark = (stored(items[0]) // 40).astype(np.uint16)
    assert 1 < dark.max() < 256
    change(items[0], dark)
    np.save(folder / "a.npy", dark)

    case = load_evaluation_case(items[0])

    np.testing.assert_array_equal(read_prediction(folder / "a.npy", case), case.recombined)


def test_scaled_nifti_is_read_as_values(items: list[Item], folder: Path) -> None:
    write_plane((stored(items[1]) * 8).astype(np.int16), folder / "a.nii.gz", SPACING, step=1 / 8)

    case = load_evaluation_case(items[1])

    np.testing.assert_array_equal(read_prediction(folder / "a.nii.gz", case), case.recombined)


def change(item: Item, pixels: np.ndarray, **attributes: Any) -> None:
    """Overwrite the recombined image."""
    dataset = pydicom.dcmread(item["label"])
    dataset.PixelData = pixels.astype("<u2").tobytes()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    if "PixelPaddingValue" in attributes:
        dataset["PixelPaddingValue"].VR = "US"
    dataset.save_as(item["label"])


@pytest.mark.parametrize("number", [0, 1])
def test_stored_values_of_an_inverted_image_with_padding(
    items: list[Item], folder: Path, number: int
) -> None:
    item = items[number]
    before, air = stored(item), stored(item) == 0
    inverted = np.where(air, 5, 16383 - 4 * before)
    bits = {"BitsStored": 14, "HighBit": 13, "PixelPaddingValue": 5}
    change(item, inverted, PhotometricInterpretation="MONOCHROME1", RescaleSlope="2", **bits)
    np.save(folder / "a.npy", inverted)
    case = load_evaluation_case(item)

    prediction = read_prediction(folder / "a.npy", case)

    np.testing.assert_array_equal(prediction, 8 * (before[:, ::-1] if case.flipped else before))
    np.testing.assert_array_equal(prediction, case.recombined)


def test_modality_table_takes_rounded_values(items: list[Item], folder: Path) -> None:
    table = pydicom.Dataset()
    table.add_new("LUTDescriptor", "US", [4096, 0, 16])
    table.ModalityLUTType = "US"
    table.add_new("LUTData", "US", list(range(65535, -1, -16)))
    change(items[0], stored(items[0]), ModalityLUTSequence=[table])
    np.save(folder / "a.npy", stored(items[0]) + 0.25)
    case = load_evaluation_case(items[0])

    np.testing.assert_array_equal(read_prediction(folder / "a.npy", case), case.recombined)


def test_eight_bit_predictions_of_an_eight_bit_image(items: list[Item], folder: Path) -> None:
    image = (stored(items[0]) // 16).astype(np.uint8)
    change(items[0], image, BitsStored=8, HighBit=7)
    case = load_evaluation_case(items[0])
    for name, save in (("a.png", png), ("a.npy", npy), ("a.nii", nifti)):
        save(folder / name, image, items[0])

        np.testing.assert_array_equal(read_prediction(folder / name, case), image)


# --- which file predicts which case ---


def test_case_names_subfolders_and_other_files(items: list[Item], folder: Path) -> None:
    left, right = (item["case"] for item in items)
    (folder / "deep" / "down").mkdir(parents=True)
    npy(folder / "deep" / "down" / f"{left}.npy", stored(items[0]), items[0])
    nifti(folder / f"{right}.NII.gz", stored(items[1]), items[1])
    for name in ("metrics.csv", "summary.json", "notes.txt", "report.html", ".hidden.npy"):
        (folder / name).write_text("something else, long enough to hold a mark of DICOM" * 9)
    (folder / ".cache").mkdir()
    (folder / ".cache" / "extra.npy").touch()

    assert find_predictions(folder, items) == {
        left: folder / "deep" / "down" / f"{left}.npy",
        right: folder / f"{right}.NII.gz",
    }


def test_file_named_like_the_low_energy_image(items: list[Item], folder: Path) -> None:
    for item in items:
        npy(folder / f"{Path(item['image']).stem}.npy", stored(item), item)

    assert [path.name for path in find_predictions(folder, items).values()] == [
        "L_CC_LE.npy",
        "R_CC_LE.npy",
    ]


def test_file_in_a_folder_like_the_low_energy_image(archive: Path, folder: Path) -> None:
    items = load_datalist(archive / "datalist.json", "test")
    items += load_datalist(archive / "datalist.json", "validation")
    for item in items:
        (folder / item["patient"]).mkdir(exist_ok=True)
        npy(folder / item["patient"] / f"{item['laterality']}_CC_LE.npy", stored(item), item)

    found = find_predictions(folder, items)

    assert {case: path.parent.name for case, path in found.items()} == {
        item["case"]: item["patient"] for item in items
    }
    shutil.move(folder / items[0]["patient"] / "L_CC_LE.npy", folder)
    assert (ProblemKind.AMBIGUOUS, "L_CC_LE.npy") in problems(folder, items)


def test_our_own_dicom_is_known_by_its_source_not_its_name(items: list[Item], folder: Path) -> None:
    left, right = items
    own_dicom(folder / f"{right['case']}.dcm", stored(left), left)
    own_dicom(folder / "1.2.3.4", stored(right), right)

    assert find_predictions(folder, items) == {
        left["case"]: folder / f"{right['case']}.dcm",
        right["case"]: folder / "1.2.3.4",
    }


def test_our_own_dicom_of_another_image_is_extra(items: list[Item], folder: Path) -> None:
    save_all(folder, items)
    own_dicom(folder / "1.dcm", stored(items[0]), items[0])
    (folder / f"{items[0]['case']}.npy").unlink()

    assert set(problems(folder, items[1:])) == {(ProblemKind.EXTRA, "1.dcm")}


def test_no_such_folder(items: list[Item], tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere: no such folder"):
        find_predictions(tmp_path / "nowhere", items)


# --- what is refused ---


def test_missing_and_extra_predictions(items: list[Item], folder: Path) -> None:
    npy(folder / "foreign.npy", stored(items[0]), items[0])

    with pytest.raises(PredictionsError) as error:
        find_predictions(folder, items)

    left, right = (item["case"] for item in items)
    assert str(error.value) == (
        f"found 2 cases without a prediction: {left}, {right}; "
        "found 1 prediction of no case of the datalist: foreign.npy"
    )


def test_two_predictions_of_one_case(items: list[Item], folder: Path) -> None:
    save_all(folder, items)
    own_dicom(folder / "1.dcm", stored(items[1]), items[1])

    with pytest.raises(PredictionsError) as error:
        find_predictions(folder, items)

    case = items[1]["case"]
    assert str(error.value) == f"found 1 case with several predictions: {case} (1.dcm, {case}.npy)"


@pytest.mark.parametrize("name", ["L_CC_DES_mass.nii.gz", "outline.nii.gz"])
def test_mask_of_another_case(items: list[Item], folder: Path, name: str) -> None:
    save_all(folder, items)
    shared = Path(items[0]["mass"]).with_name(name)
    shutil.copy(items[0]["mass"], shared.with_name("copy")).replace(shared)
    left, right = ({**item, "mass": str(shared)} for item in items)

    found = problems(folder, [left, right])

    assert found[0] == (ProblemKind.FOREIGN_MASK, f"{right['case']} mass")


def test_case_twice_in_the_datalist(items: list[Item], folder: Path) -> None:
    save_all(folder, items)

    assert problems(folder, [*items, items[0]]) == [(ProblemKind.DUPLICATED_CASE, items[0]["case"])]


def test_image_in_two_cases(items: list[Item], folder: Path) -> None:
    save_all(folder, items)
    npy(folder / "again.npy", stored(items[0]), items[0])

    assert problems(folder, [*items, items[0] | {"case": "again"}]) == [
        (ProblemKind.SHARED_IMAGE, items[0]["image"]),
        (ProblemKind.SHARED_IMAGE, items[0]["label"]),
    ]


def flat(shape: tuple[int, ...] = (SIZE, SIZE), dtype: Any = np.uint16) -> np.ndarray:
    return np.full(shape, 100, dtype)


def with_value(value: float) -> np.ndarray:
    image = np.full((SIZE, SIZE), 100.0)
    image[5, 7] = value
    return image


def spaced(path: Path, image: np.ndarray, _: Item) -> None:
    write_plane(image, path, (0.5, 0.6))


def other_spacing(path: Path, image: np.ndarray, item: Item) -> None:
    foreign_dicom(path, image, item)
    dataset = pydicom.dcmread(path)
    dataset.ImagerPixelSpacing = [0.1, 0.1]
    dataset.save_as(path)


def rescaled(path: Path, image: np.ndarray, item: Item) -> None:
    foreign_dicom(path, image, item)
    dataset = pydicom.dcmread(path)
    dataset.RescaleIntercept = "-100"
    dataset.save_as(path)


def of_the_other_breast(path: Path, image: np.ndarray, item: Item) -> None:
    foreign_dicom(path, image, item | {"label": item["label"].replace("L_CC", "R_CC")})


def ten_bits(path: Path, image: np.ndarray, item: Item) -> None:
    own_dicom(path, image, item, bits_stored=10)


def damaged(path: Path, image: np.ndarray, item: Item) -> None:
    FORMATS["".join(path.suffixes)](path, image, item)
    path.write_bytes(path.read_bytes()[:-700])


RAMP = np.arange(SIZE * SIZE, dtype=np.uint16).reshape(SIZE, SIZE)
"""Hard to compress, so that the end of its file can be cut off."""
REFUSED: dict[str, tuple[ProblemKind, str, Save, np.ndarray]] = {
    "nan": (ProblemKind.NOT_FINITE, ".npy", npy, with_value(np.nan)),
    "infinite": (ProblemKind.NOT_FINITE, ".nii", nifti, with_value(-np.inf)),
    "negative": (ProblemKind.RANGE, ".npy", npy, with_value(-0.5)),
    "too bright": (ProblemKind.RANGE, ".png", png, with_value(4096).astype(np.uint16)),
    "normalized": (ProblemKind.RANGE, ".npy", npy, with_value(0.5) / 100),
    "rescaled": (ProblemKind.RANGE, ".dcm", rescaled, flat()),
    "small": (ProblemKind.SIZE, ".npy", npy, flat((SIZE, SIZE - 1))),
    "channel": (ProblemKind.SIZE, ".npy", npy, flat((1, SIZE, SIZE))),
    "small nifti": (ProblemKind.SIZE, ".nii.gz", nifti, flat((SIZE - 1, SIZE))),
    "eight bits png": (ProblemKind.BIT_DEPTH, ".png", png, flat(dtype=np.uint8)),
    "eight bits npy": (ProblemKind.BIT_DEPTH, ".npy", npy, flat(dtype=np.uint8)),
    "ten bits": (ProblemKind.BIT_DEPTH, ".dcm", ten_bits, flat()),
    "spaced nifti": (ProblemKind.SPACING, ".nii.gz", spaced, flat()),
    "spaced dicom": (ProblemKind.SPACING, ".dcm", other_spacing, flat()),
    "color": (ProblemKind.COLOR, ".png", png, flat((SIZE, SIZE, 3), np.uint8)),
    "transparent": (ProblemKind.COLOR, ".png", png, flat((SIZE, SIZE, 2), np.uint8)),
    "breast": (ProblemKind.VIEW, ".dcm", of_the_other_breast, flat()),
    "boolean": (ProblemKind.UNREADABLE, ".npy", npy, flat(dtype=bool)),
    "complex": (ProblemKind.UNREADABLE, ".npy", npy, flat(dtype=complex)),
    "objects": (ProblemKind.UNREADABLE, ".npy", npy, flat(dtype=object)),
    "two planes": (ProblemKind.UNREADABLE, ".nii", nifti, flat((2, SIZE, SIZE))),
    "damaged npy": (ProblemKind.UNREADABLE, ".npy", damaged, flat()),
    "damaged png": (
        ProblemKind.UNREADABLE,
        ".png",
        damaged,
        np.arange(4096, dtype=np.uint16).reshape(64, 64),
    ),
    "damaged nii": (ProblemKind.UNREADABLE, ".nii", damaged, flat()),
    "damaged dicom": (ProblemKind.UNREADABLE, ".dcm", damaged, flat()),
}


@pytest.mark.parametrize("name", REFUSED)
def test_unfit_prediction_is_refused(items: list[Item], folder: Path, name: str) -> None:
    kind, suffix, save, image = REFUSED[name]
    save_all(folder, items)
    left = items[0]["case"]
    (folder / f"{left}.npy").unlink()
    save(folder / f"{left}{suffix}", image, items[0])

    assert problems(folder, items) == [(kind, left)]


def test_png_with_a_palette_is_refused(items: list[Item], folder: Path) -> None:
    save_all(folder, items)
    left = items[0]["case"]
    (folder / f"{left}.npy").unlink()
    Image.fromarray(flat(dtype=np.uint8)).convert("P").save(folder / f"{left}.png")

    assert problems(folder, items) == [(ProblemKind.COLOR, left)]


def test_empty_dicom_file_is_refused_by_its_name(items: list[Item], folder: Path) -> None:
    save_all(folder, items)
    (folder / "1.dcm").touch()

    assert problems(folder, items) == [(ProblemKind.UNREADABLE, "1.dcm")]


def test_right_breast_in_canonical_orientation_is_refused(items: list[Item], folder: Path) -> None:
    save_all(folder, items)
    right = items[1]["case"]
    np.save(folder / f"{right}.npy", stored(items[1])[:, ::-1])

    assert problems(folder, items) == [(ProblemKind.MISPLACED, right)]


def test_transposed_nifti_is_refused(items: list[Item], folder: Path) -> None:
    left = items[0]["case"]
    nib.save(nib.Nifti1Image(stored(items[0]), np.eye(4)), folder / f"{left}.nii")

    assert problems(folder, items[:1]) == [(ProblemKind.MISPLACED, left)]


def test_unknown_spacing_and_constants_are_allowed(items: list[Item], folder: Path) -> None:
    for item in items:
        write_plane(np.zeros((SIZE, SIZE), np.uint16), folder / f"{item['case']}.nii.gz", None)

    for _, prediction in read_predictions(folder, items):
        np.testing.assert_array_equal(prediction, np.zeros((SIZE, SIZE)))


def test_everything_wrong_is_told_at_once(archive: Path, folder: Path) -> None:
    items = load_datalist(archive / "datalist.json", "test")
    items += load_datalist(archive / "datalist.json", "validation")
    first, second, third, fourth = (item["case"] for item in items)
    image = with_value(np.nan)
    image[0] = -1
    write_plane(image, folder / f"{first}.nii.gz", (0.1, 0.1))
    np.save(folder / f"{second}.npy", flat((SIZE, 3)))
    np.save(folder / f"{third}.npy", stored(items[2]))
    (folder / "of_none.png").touch()
    items[2] = items[2] | {"mass": items[3]["mass"]}
    surround = items[3].pop("surround")
    items[3]["mass"] = surround.replace("_surround", "_none")

    assert set(problems(folder, items)) == {
        (ProblemKind.NOT_FINITE, first),
        (ProblemKind.RANGE, first),
        (ProblemKind.SPACING, first),
        (ProblemKind.SIZE, second),
        (ProblemKind.FOREIGN_MASK, f"{third} mass"),
        (ProblemKind.MASK_OUTSIDE, f"{third} mass"),
        (ProblemKind.MISSING, fourth),
        (ProblemKind.UNREADABLE_MASK, f"{fourth} mass"),
        (ProblemKind.EXTRA, "of_none.png"),
    }


def test_nothing_is_yielded_once_a_problem_is_known(items: list[Item], folder: Path) -> None:
    save_all(folder, items)
    (folder / "of_none.png").touch()

    with pytest.raises(PredictionsError):
        next(read_predictions(folder, items))
