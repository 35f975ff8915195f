"""Compute `nodes.json` anew from SpekPy's spectra and xraylib's cross sections.

    python -m cem_monai.simulator.tables.make_nodes            write
    python -m cem_monai.simulator.tables.make_nodes --check    compare; exit code 1 if different

`--reference FILE` also writes (or compares) signals of the full spectra, for the tests. Needs the
extra `tables`; takes about 10 seconds.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cem_monai.atomic import atomic_write
from cem_monai.simulator.tables.materials import MATERIALS
from cem_monai.simulator.tables.node_file import differences, encode, significant
from cem_monai.simulator.tables.path_lengths import Floats, Paths, clinical_paths, fit_paths
from cem_monai.simulator.tables.quadrature import candidates, fit_nodes, transmission
from cem_monai.simulator.tables.tube_settings import TUBE_SETTINGS, TubeSetting

if TYPE_CHECKING:
    from cem_monai.simulator.tables.full_spectrum import FullSpectrum

NODES = Path(__file__).with_name("nodes.json")
REFERENCE_OBJECTS = 24
REFERENCE_SEED = 1
JUDGED_OBJECTS = 5000
JUDGED_SEED = 2
COLUMNS = "technique  nodes  fitted: rms      max  others: rms      max"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the tables; return the exit code."""
    options = _parse(arguments)
    spectra = _spectra()
    nodes = {
        "densities": {name: material.density for name, material in MATERIALS.items()},
        "techniques": _techniques(spectra),
    }
    tables = {NODES: nodes}
    if options.reference:
        tables[options.reference] = _reference(spectra)
    return _check(tables) if options.check else _write(tables)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Compute the spectral nodes of the simulator from full spectra."
    )
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--reference", type=Path, metavar="FILE", help="signals of full spectra")
    return parser.parse_args(arguments)


def _spectra() -> dict[str, FullSpectrum]:
    try:
        from cem_monai.simulator.tables.full_spectrum import full_spectrum
    except ModuleNotFoundError as error:
        raise SystemExit(
            f"{error.name} is missing; install it with: pip install 'cem_monai[tables]'"
        ) from None
    print(f"{len(TUBE_SETTINGS)} spectra ...", flush=True)
    return {name: full_spectrum(setting) for name, setting in TUBE_SETTINGS.items()}


def _techniques(spectra: Mapping[str, FullSpectrum]) -> dict[str, Any]:
    """Fit all techniques; print each as soon as it is done."""
    fitted_to, others = fit_paths(), clinical_paths(JUDGED_SEED, JUDGED_OBJECTS)
    entries = {}
    print(COLUMNS)
    for name, spectrum in spectra.items():
        entries[name] = entry = _entry(TUBE_SETTINGS[name], spectrum, fitted_to)
        errors = [_log_error(entry, spectrum, paths) for paths in (fitted_to, others)]
        figures = "  ".join(
            f"{np.sqrt(np.mean(error**2)):11.1e}  {abs(error).max():7.1e}" for error in errors
        )
        print(f"{name:9}  {len(entry['energies']):5}  {figures}", flush=True)
    return entries


def _entry(setting: TubeSetting, spectrum: FullSpectrum, paths: Paths) -> dict[str, Any]:
    """Reduce a spectrum to what `nodes.json` holds of it."""
    transmitted = transmission(spectrum.attenuation, paths)
    bins = candidates(spectrum.energies)
    weights = fit_nodes(transmitted, spectrum.weights, bins)
    bins, weights = bins[weights > 0], weights[weights > 0]
    numbers = (
        *(spectrum.kerma_per_mas, spectrum.half_value_layer, spectrum.mean_energy),
        _effective_energy(spectrum, transmitted),
    )
    names = ("kerma_per_mas", "half_value_layer", "mean_energy", "effective_energy")
    return {
        "anode": setting.anode,
        "kilovolts": setting.kilovolts,
        "filters": [{"material": name, "thickness_mm": depth} for name, depth in setting.filters],
        **dict(zip(names, significant(numbers, 6), strict=True)),
        "energies": spectrum.energies[bins].tolist(),
        "weights": significant(weights, 5),
        "attenuation": {
            name: significant(values[bins], 5) for name, values in spectrum.attenuation.items()
        },
    }


def _effective_energy(spectrum: FullSpectrum, transmitted: Floats) -> float:
    """Return the second over the first moment of the absorbed energies, median over objects.

    An energy-integrating detector has the relative noise of signal / effective energy quanta.
    """
    signal = transmitted @ spectrum.weights
    return float(np.median(transmitted @ (spectrum.weights * spectrum.energies) / signal))


def _log_error(entry: Mapping[str, Any], spectrum: FullSpectrum, paths: Paths) -> Floats:
    """Return the error of the logarithmic signal of each object."""
    nodes = transmission(entry["attenuation"], paths) @ entry["weights"]
    full = transmission(spectrum.attenuation, paths) @ spectrum.weights
    return np.log(nodes / full)


def _reference(spectra: Mapping[str, FullSpectrum]) -> dict[str, Any]:
    """Return signals of the full spectra behind a few objects that the nodes do not know."""
    paths = clinical_paths(REFERENCE_SEED, REFERENCE_OBJECTS)
    signals = {
        name: significant(transmission(spectrum.attenuation, paths) @ spectrum.weights, 8)
        for name, spectrum in spectra.items()
    }
    return {"paths": {name: path.tolist() for name, path in paths.items()}, "signals": signals}


def _check(tables: Mapping[Path, Mapping[str, Any]]) -> int:
    stale = False
    for path, table in tables.items():
        found = list(differences(json.loads(path.read_text(encoding="utf-8")), table))
        for line in found:
            print(f"{path}{line}", file=sys.stderr)
        print(f"{path}: {len(found)} differences beyond the rounding")
        stale = stale or bool(found)
    return int(stale)


def _write(tables: Mapping[Path, Mapping[str, Any]]) -> int:
    for path, table in tables.items():
        with atomic_write(path, "w") as file:
            file.write(encode(table))
        print(f"{path}: written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
