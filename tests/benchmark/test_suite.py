"""A suite of three tiny models from end to end, and its tables from made-up rows."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from cem_monai.benchmark import SUITES, Model, Suite, run_suite
from cem_monai.benchmark.suites import DOSE_PAIRS, EXAMS
from cem_monai.benchmark.tables import Results, markdown_tables
from cem_monai.benchmark.training import trainings
from cem_monai.bundle_run import BUNDLES

TINY_EXAMS = replace(
    EXAMS,
    exams=5,
    seed=11,
    size=128,
    options={
        **EXAMS.options,
        **{"image_size": 128, "crop_size": 64, "ngf": 4, "ndf": 4, "num_downs": 3},
        **{"cnr_patch_size": 8, "cnr_stride": 2, "max_epochs": 1, "device": "cpu"},
    },
    models=(
        Model("unet", "breast_cem_unet512"),
        Model("iamnet_channel", "breast_cem_iamnet", {"attention": ["channel"]}),
    ),
)
TINY_DOSE_PAIRS = replace(
    DOSE_PAIRS,
    arrangements=2,
    pixel=1.0,
    patches={"test_fraction": 0.5, "patch_size": 50, "stride": 50},
    options={
        **{"ngf": 4, "ndf": 4, "num_downs": 3, "patch_size": 50, "network_size": 64},
        **{"max_epochs": 1, "device": "cpu"},
    },
    models=(Model("run3", "breast_ffdm_dose_pix2pix", run="run3"),),
)
TINY = Suite("tiny", (TINY_EXAMS, TINY_DOSE_PAIRS))


def row(case, predictor, value, mass=True):
    columns = dict.fromkeys((one.column for one in EXAMS.measures), f"{value}")
    pixels = "9" if mass else "0"
    return {"case": case, "patient": case, "predictor": predictor, "mass_pixels": pixels, **columns}


def results(value):
    cases = [("A", True), ("B", True), ("C", False)]
    rows = [row(case, "model", value + number, mass) for number, (case, mass) in enumerate(cases)]
    rows += [row(case, baseline, 9.0, mass) for case, mass in cases for baseline in EXAMS.baselines]
    return Results(rows, {"g_l1": value})


class Retrained(type(EXAMS)):
    """An experiment whose models were trained otherwise."""

    rival = "exams"


def lines_with(report, start):
    return [line for line in report.splitlines() if line.startswith(f"| {start} |")]


def test_evaluation_that_was_cut_off_is_not_done(tmp_path):
    (training,) = trainings(TINY_EXAMS, TINY_EXAMS.models[0])
    folder = training.folder(tmp_path)
    folder.mkdir(parents=True)
    (folder / "metrics.csv").touch()
    assert not training.done(tmp_path)
    (folder / "done").touch()
    assert training.done(tmp_path)


def test_tables_hold_models_baselines_limit_and_published_numbers():
    limit = [row(case, "mean", 0.5) for case in "AB"]
    report = markdown_tables(EXAMS, {"unet": results(1.0), "iamnet": results(3.0)}, limit)

    assert "### Table 4: four models" in report
    assert "Table 2" not in report  # none of its models is done
    assert "| breast, images with a mass (2 images of 2 patients) |" in report
    with_mass, without, of_mass, minus_unet = lines_with(report, "iamnet")
    assert with_mass.startswith("| iamnet | 3.50 [3.00, 4.00] |")
    assert without.startswith("| iamnet | 5.00 |")  # one patient: no interval
    assert of_mass.startswith("| iamnet | 3.50 [3.00, 4.00] |")
    assert minus_unet.split(" | ")[1] == "2.00 [2.00, 2.00]"
    assert lines_with(report, "iamnet, published") == [
        "| iamnet, published | 9.57 | 359.06 | 25.51 | 0.287 |",
        "| iamnet, published | 8.69 | 289.33 | 25.34 | 0.255 |",
        "| iamnet, published | 33.71 | 2387.87 | 35.83 | -2.725 | – |",
    ]
    assert lines_with(report, "limit: conditional mean")[0].startswith(
        "| limit: conditional mean | 0.50 [0.50, 0.50] |"
    )
    constant = lines_with(report, "constant inside the breast")
    assert constant[0].startswith("| constant inside the breast | 9.00 [9.00, 9.00] |")
    assert constant[-1].startswith("| constant inside the breast | 7.50 [7.00, 8.00] |")


def test_losses_stand_beside_the_published_ones_unweighted():
    columns = dict.fromkeys((one.column for one in DOSE_PAIRS.measures), "1")
    rows = [
        {"case": case, "patient": case, "predictor": name, **columns}
        for case in "AB"
        for name in ("model", *DOSE_PAIRS.baselines)
    ]
    losses = {"g_gan": 1.0, "g_l1": 0.03, "d_real": 0.5, "d_fake": 0.25}
    report = markdown_tables(DOSE_PAIRS, {"run2": Results(rows, losses)}, rows[:0])

    assert lines_with(report, "run2")[-1] == "| run2 | 1.000 | 0.030 | 0.500 | 0.250 |"
    # 3.248 / 80
    assert lines_with(report, "run2, published")[-1] == (
        "| run2, published | 1.842 | 0.041 | 0.182 | 0.223 |"
    )


def test_nothing_trained_is_told():
    assert markdown_tables(EXAMS, {}, []) == "exams: no model is trained yet.\n"


@pytest.mark.parametrize("suite", SUITES.values(), ids=lambda suite: suite.name)
def test_every_model_of_a_suite_has_a_bundle_and_published_numbers(suite):
    assert len({experiment.name for experiment in suite.experiments}) == len(suite.experiments)
    for experiment in suite.experiments:
        names = [model.name for model in experiment.models]
        assert len(set(names)) == len(names)
        for model in experiment.models:
            configs = BUNDLES / model.bundle / "configs"
            assert (configs / f"{model.run or 'train'}.json").is_file()
        assert {name for table in experiment.tables for name in table.models} == set(names)
        for table in experiment.tables:
            for published in table.models.values():
                assert len(published) == len(experiment.blocks)
            assert not table.losses or table.losses.keys() == table.models.keys()


@pytest.fixture
def tiny(tmp_path):
    return tmp_path / "suite"


@pytest.mark.slow
def test_models_trained_otherwise_are_compared_image_by_image():
    retrained = Retrained(**{one.name: getattr(EXAMS, one.name) for one in fields(EXAMS)})
    done = {"unet": results(3.5), "iamnet": results(1.0)}
    report = markdown_tables(retrained, done, [], {"unet": results(1.0)})

    heading, _, unet = report.splitlines()[-3:]
    assert heading.startswith("| minus the same model of `exams`, same images |")
    # one breast has no mass, too few for an interval; a constant difference has no spread
    assert unet == "| unet | 2.50 [2.50, 2.50] | 2.50 | 2.50 [2.50, 2.50] |"


def test_suite_trains_tabulates_and_goes_on(tiny, capsys):
    report = run_suite(TINY, tiny, workers=1, hours=1e-9)
    nothing = "exams: no model is trained yet.\n\ndose_pairs: no model is trained yet.\n"
    assert report.read_text() == nothing
    told = "run the same command again for: unet, iamnet_channel, run3"
    assert told in capsys.readouterr().out
    run_suite(TINY, tiny, workers=1, hours=None)
    assert lines_with(report.read_text(), "unet")
    assert lines_with(report.read_text(), "high dose without its noise")
    assert all((tiny / name / "losses.png").is_file() for name in ("exams", "dose_pairs"))
    metrics = {path.parent.name: path for path in tiny.glob("*/*/metrics.csv")}
    assert metrics.keys() == {"unet", "iamnet_channel", "run3"}
    kept = metrics["unet"].stat().st_mtime_ns
    metrics["run3"].unlink()
    run_suite(TINY, tiny, workers=1, hours=None)

    assert metrics["unet"].stat().st_mtime_ns == kept
    assert metrics["run3"].exists()
    assert lines_with(report.read_text(), "run3")


def test_the_real_image_and_the_noise_free_one_bound_the_table(tiny):
    TINY_DOSE_PAIRS.write_data(tiny, workers=1)
    rows = TINY_DOSE_PAIRS.limit_rows(TINY_DOSE_PAIRS.data_folder(tiny))

    real = [one for one in rows if one["predictor"] == "real"]
    without_noise = [one for one in rows if one["predictor"] == "noise_free"]
    assert len(real) == len(without_noise) > 0
    assert all(one["l1"] == 0 and one["cci_ratio"] == 1 for one in real)
    # little noise in pixels of 1 mm: nearer than the low dose by far, but not the real image
    assert all(0 < one["l1"] < 2 for one in without_noise)


def test_folder_of_another_suite_is_refused(tiny):
    tiny.mkdir()
    (tiny / "suite.json").write_text("{}\n")
    with pytest.raises(ValueError, match="holds another suite or other settings"):
        run_suite(TINY, tiny, workers=1, hours=None)


def test_folder_of_something_else_is_refused(tiny):
    tiny.mkdir()
    (tiny / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match="holds files that no suite made"):
        run_suite(TINY, tiny, workers=1, hours=None)
    assert [path.name for path in tiny.iterdir()] == ["mine.txt"]


def test_hours_must_be_positive(tiny):
    with pytest.raises(ValueError, match="hours must be positive, got 0"):
        run_suite(TINY, tiny, workers=1, hours=0)


def test_missing_bundle_is_told(tiny):
    experiment = replace(TINY_EXAMS, models=(Model("x", "breast_cem_nothing"),), tables=())
    with pytest.raises(FileNotFoundError, match="breast_cem_nothing: no bundle"):
        run_suite(Suite("x", (experiment,)), tiny, workers=1, hours=None)
