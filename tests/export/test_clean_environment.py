"""Exported bundles where this package is not installed, by the command line of MONAI.

The commands are those of the model zoo's own checks and of its users. They are run from a folder
that is not the bundle.
"""

from __future__ import annotations

import json
from pathlib import Path

import pydicom
import pytest

from bundles.kinds import DataKind, kind_of
from cem_monai.dicom import VIRTUAL_DES
from cem_monai.export import check_bundle, export_bundle
from clean_environment import CleanEnvironment
from exams import write_exam
from render import bundle_dirs

SCHEMA = Path(__file__).parents[2] / "cem_monai" / "export" / "meta_schema_20240725.json"
CHECK_PROPERTIES = """
import json, sys
from monai.bundle import ConfigWorkflow
files, kind, options = json.loads(sys.argv[1])
workflow = ConfigWorkflow(files, workflow_type=kind, logging_file=False, **options)
workflow.initialize()
missing = workflow.check_properties()
sys.exit(f"missing: {missing}" if missing else 0)
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> CleanEnvironment:
    clean = CleanEnvironment(tmp_path_factory.mktemp("environment") / "clean")
    absent = clean.run("-c", "import monai, cem_monai", folder=Path("/"))
    assert "No module named 'cem_monai'" in absent.stderr
    return clean


class Exported:
    """An exported bundle and the commands of MONAI on it."""

    def __init__(self, name: str, folder: Path, environment: CleanEnvironment) -> None:
        self.environment = environment
        self.elsewhere = folder / "elsewhere"
        self.elsewhere.mkdir()
        self.bundle, _ = export_bundle(name, folder / "zoo")
        self.kind: DataKind = kind_of(self.bundle)
        self.datalist = self.kind.write(folder / "data")
        self.small = dict(self.kind.small)
        self.paths = {
            "bundle_root": self.bundle,
            "ckpt_dir": folder / "models",
            "output_dir": folder / "out",
        }

    def config(self, *names: str) -> str:
        files = [str(self.bundle / "configs" / f"{name}.json") for name in names]
        return files[0] if len(files) == 1 else str(files)

    def monai(self, *words: str, **options: object) -> None:
        """Run a command of MONAI; its error output is the message of a failure."""
        typed = [text for key, value in options.items() for text in (f"--{key}", str(value))]
        command = ["-m", "monai.bundle", *words, *typed]
        done = self.environment.run(*command, folder=self.elsewhere)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]

    def of_inference(self) -> dict[str, object]:
        return {name: self.small[name] for name in self.kind.for_inference}

    @property
    def weights(self) -> Path:
        return Path(self.paths["ckpt_dir"]) / "fast_dev_run" / "model.pt"


@pytest.mark.slow
@pytest.mark.parametrize("name", [folder.name for folder in bundle_dirs()])
def test_verified_trained_evaluated_and_used(name, environment, tmp_path):
    exported = Exported(name, tmp_path, environment)
    _verify(exported)
    _train_and_evaluate(exported)
    _export_weights(exported)
    _infer(exported)
    _check_properties(exported)
    # what ran left nothing behind that the list would not tell
    assert check_bundle(exported.bundle) == []


def _verify(exported: Exported) -> None:
    meta = exported.bundle / "configs" / "metadata.json"
    exported.monai("verify_metadata", meta_file=meta, filepath=SCHEMA)
    exported.monai(
        *("verify_net_in_out", "network_def"),
        meta_file=meta,
        config_file=exported.config("inference"),
        bundle_root=exported.bundle,
        device="cpu",
    )


def _train_and_evaluate(exported: Exported) -> None:
    common = {
        **exported.paths,
        **exported.small,
        "meta_file": exported.bundle / "configs" / "metadata.json",
        "dataset_dir": exported.datalist.parent,
        "fast_dev_run": True,
    }
    exported.monai("run", "training", config_file=exported.config("train"), **common)
    assert exported.weights.is_file()
    configs = exported.config("train", "evaluate")
    exported.monai("run", "evaluating", config_file=configs, **common)
    assert (Path(exported.paths["output_dir"]) / "fast_dev_run" / "metrics.csv").is_file()


def _export_weights(exported: Exported) -> None:
    exported.monai(
        *("ckpt_export", "network_def"),
        filepath=exported.weights.with_suffix(".ts"),
        ckpt_file=exported.weights,
        meta_file=exported.bundle / "configs" / "metadata.json",
        config_file=exported.config("inference"),
        bundle_root=exported.bundle,
        **exported.of_inference(),
    )


def _infer(exported: Exported) -> None:
    output = exported.elsewhere / "out"
    exported.monai(
        *("run", "inference"),
        config_file=exported.config("inference"),
        meta_file=exported.bundle / "configs" / "metadata.json",
        bundle_root=exported.bundle,
        dataset_dir=exported.kind.sources(exported.datalist),
        output_dir=output,
        weights=exported.weights,
        **exported.of_inference(),
    )
    exported.kind.check_inferred(output, exported.kind.sources(exported.datalist))


def _check_properties(exported: Exported) -> None:
    paths = {key: str(value) for key, value in exported.paths.items()}
    train = {**paths, **exported.small, "dataset_dir": str(exported.datalist.parent)}
    sources = str(exported.kind.sources(exported.datalist))
    infer = {**paths, **exported.of_inference(), "dataset_dir": sources, "weights": "unused"}
    for names, kind, options in (
        (["train"], "train", train),
        (["train", "evaluate"], "train", train),
        (["inference"], "infer", infer),
    ):
        files = [str(exported.bundle / "configs" / f"{name}.json") for name in names]
        arguments = json.dumps([files, kind, options])
        done = exported.environment.run(
            "-c", CHECK_PROPERTIES, arguments, folder=exported.elsewhere
        )
        assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.slow
def test_shipped_weights_make_virtual_images_without_the_package(environment, tmp_path):
    """Export, go where only MONAI is, and the first virtual image needs no training."""
    bundle, _ = export_bundle("breast_cem_compact", tmp_path / "zoo")
    write_exam(tmp_path / "in", "TEST-000", mass=False)
    configs = bundle / "configs"
    done = environment.run(
        *("-m", "monai.bundle", "run", "inference"),
        *("--config_file", str(configs / "inference.json")),
        *("--meta_file", str(configs / "metadata.json")),
        *("--bundle_root", str(bundle), "--dataset_dir", str(tmp_path / "in")),
        *("--output_dir", str(tmp_path / "out"), "--check_intensity", "False"),
        folder=Path("/"),
    )
    assert done.returncode == 0, done.stderr[-3000:]
    results = [pydicom.dcmread(path) for path in (tmp_path / "out").glob("*.dcm")]
    assert len(results) == 2
    assert all(VIRTUAL_DES in result.ImageType for result in results)
