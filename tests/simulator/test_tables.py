"""The spectral nodes against signals of the full spectra, and how the nodes are found."""

from __future__ import annotations

import json
import sys
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cem_monai.simulator.attenuation import transmit
from cem_monai.simulator.spectra import Technique, technique, techniques
from cem_monai.simulator.tables.make_nodes import NODES, main
from cem_monai.simulator.tables.node_file import differences, encode
from cem_monai.simulator.tables.path_lengths import clinical_paths
from cem_monai.simulator.tables.quadrature import candidates, fit_nodes, transmission

# written by: make tables
FULL = json.loads(Path(__file__).with_name("full_spectrum.json").read_text(encoding="utf-8"))
NAMES = sorted(techniques())
ENERGIES = np.arange(8.25, 30, 0.5)


def log_errors(beam: Technique) -> np.ndarray:
    paths = {name: np.array(path) for name, path in FULL["paths"].items()}
    iodine = paths.pop("iodine")
    signal = transmit(beam, paths, iodine)
    assert signal.dtype == np.float32
    return abs(np.log(signal.astype(np.float64)) - np.log(FULL["signals"][beam.name]))


def one_material(energies: np.ndarray) -> np.ndarray:
    paths = {"tissue": np.linspace(0, 9, 40)}
    return transmission({"tissue": 0.7 * (20 / energies) ** 3 + 0.2}, paths)


def test_full_signals_exist_for_every_technique():
    assert sorted(FULL["signals"]) == NAMES
    assert FULL["paths"].keys() == technique("RhRh29").attenuation.keys()


def test_full_signals_span_the_open_field_breasts_test_objects_and_iodine():
    paths = {name: np.array(path) for name, path in FULL["paths"].items()}
    breast = sum(paths[name] for name in ("adipose", "gland", "skin", "muscle", "blood"))

    assert breast[0] == 0
    assert breast.max() > 8
    assert paths["iodine"].max() > 5
    assert all(path.any() for path in paths.values())


@pytest.mark.parametrize("name", NAMES)
def test_nodes_give_the_signal_of_the_full_spectrum(name):
    assert log_errors(technique(name)).max() < 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_weight_would_be_noticed(name):
    beam = technique(name)
    heaviest = max(beam.weights)
    wrong = tuple(1.02 * w if w == heaviest else w for w in beam.weights)

    assert log_errors(replace(beam, weights=wrong)).max() > 1e-3


@pytest.mark.parametrize("material", sorted(technique("RhRh29").attenuation))
@pytest.mark.parametrize("name", ["RhRh29", "RhCu49"])
def test_a_wrong_attenuation_would_be_noticed(name, material):
    beam = technique(name)
    wrong = {material: tuple(1.05 * mu for mu in beam.attenuation[material])}

    assert log_errors(replace(beam, attenuation={**beam.attenuation, **wrong})).max() > 1e-3


def test_monochromatic_beam_needs_one_node():
    weights = np.zeros_like(ENERGIES)
    bins = candidates(ENERGIES)
    weights[bins[7]] = 3.0

    fitted = fit_nodes(one_material(ENERGIES), weights, bins)

    assert np.flatnonzero(fitted) == [7]
    assert fitted[7] == pytest.approx(3.0)


def test_nodes_of_a_continuous_spectrum_keep_its_signal():
    weights = np.exp(-(((ENERGIES - 19) / 4) ** 2))
    transmitted, bins = one_material(ENERGIES), candidates(ENERGIES)

    fitted = fit_nodes(transmitted, weights, bins)

    assert 2 <= np.count_nonzero(fitted) <= 8
    assert transmitted[:, bins] @ fitted == pytest.approx(transmitted @ weights, rel=1e-3)


def test_candidates_are_one_per_kev_and_one_at_the_edge_of_iodine():
    energies = np.arange(8.25, 36, 0.5)
    chosen = energies[candidates(energies)]

    assert chosen == pytest.approx(sorted([*np.arange(9.25, 35.5), 33.75]))


def test_clinical_objects_are_no_thicker_than_a_breast():
    paths = clinical_paths(seed=3, count=600)
    breast = sum(paths[name] for name in ("adipose", "gland", "skin", "muscle", "blood"))

    assert all((path >= 0).all() for path in paths.values())
    assert breast.max() < 10.001
    assert paths["iodine"].max() < 6
    assert not (breast[paths["paraffin"] > 0]).any()


def test_committed_file_is_written_as_the_script_writes_it():
    text = NODES.read_text(encoding="utf-8")

    assert encode(json.loads(text)) == text


def test_one_unit_of_the_last_digit_is_no_difference():
    assert not list(differences({"mu": [0.37831, 33.5]}, {"mu": [0.37832, 33.5]}))


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda entry: entry["weights"].__setitem__(2, 1.001 * entry["weights"][2]), "/weights/2"),
        (lambda entry: entry["energies"].pop(), "/energies"),
        (lambda entry: entry.pop("mean_energy"), "RhAg34:"),
        (lambda entry: entry.__setitem__("kilovolts", 33), "/kilovolts"),
    ],
)
def test_any_other_difference_is_told_with_its_place(change, place):
    committed = json.loads(NODES.read_text(encoding="utf-8"))
    other = deepcopy(committed)
    change(other["techniques"]["RhAg34"])

    found = list(differences(committed, other))
    assert len(found) == 1
    assert place in found[0]


def test_missing_tool_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "spekpy", None)
    monkeypatch.delitem(sys.modules, "cem_monai.simulator.tables.full_spectrum", raising=False)

    with pytest.raises(SystemExit, match=r"spekpy is missing.*pip install 'cem_monai\[tables\]'"):
        main(["--check"])
