"""Render each bundle's configs and model card from _base/ and the bundle's own overrides.yaml.

Performance comes from the docs/summary.json of an evaluation, where the bundle has one (of patches:
from its docs/metrics.csv).

    python bundles/render.py           write
    python bundles/render.py --check   only tell what is out of date; exit code 1 if anything is

MONAI Label, MONAI Deploy and `monai.bundle.load` read one config file and nothing else, so every
rendered file stands alone. Edit the YAML sources, never the JSON.
"""

from __future__ import annotations

import json
import sys
from hashlib import sha256
from pathlib import Path
from string import Template
from textwrap import fill
from typing import Any

from monai.bundle import ConfigParser

from cem_monai.checksums import CHECKSUMS, checksum_lines, file_sha256
from cem_monai.evaluation import (
    EvaluationSummary,
    eval_metrics,
    patch_eval_metrics,
    patch_performance_section,
    performance_section,
    read_summary,
)

BUNDLES_DIR = Path(__file__).parent
BASE_DIR = BUNDLES_DIR / "_base"
SOURCES = {
    "train": ("common", "train"),
    "evaluate": ("common", "train", "evaluate"),
    "inference": ("common", "inference"),
    "inference_png": ("common", "inference", "inference_png"),
    "metadata": ("metadata",),
}
EXTENDED = {"evaluate": ("train",), "inference_png": ("inference",)}
LICENSE = BUNDLES_DIR.parent / "LICENSE"
SUMMARY, PATCHES = "docs/summary.json", "docs/metrics.csv"
"""What an evaluation of exams, or of patches, leaves for the card."""
WEIGHTS = "models/model.pt"


def bundle_dirs() -> list[Path]:
    """Return the folders that hold an overrides.yaml."""
    return sorted(path.parent for path in BUNDLES_DIR.glob("*/overrides.yaml"))


def products(bundle_dir: Path) -> list[str]:
    """Return the names of a bundle's configs: all but those that it says it goes without."""
    without = _overrides(bundle_dir).get("without", [])
    return [name for name in SOURCES if name not in without]


def render(bundle_dir: Path) -> dict[str, str]:
    """Return path within the bundle → text of every file that is rendered or copied.

    Raises:
        KeyError: an override names an id that the base does not define.
    """
    files = {
        f"configs/{name}.json": _render_config(bundle_dir, name) for name in products(bundle_dir)
    }
    files |= {f"configs/{name}.json": _render_run(bundle_dir, name) for name in _runs(bundle_dir)}
    files["configs/logging.conf"] = (BASE_DIR / "logging.conf").read_text(encoding="utf-8")
    files["LICENSE"] = LICENSE.read_text(encoding="utf-8")
    files["docs/README.md"] = _render_card(bundle_dir)
    files["docs/data_license.txt"] = _card_texts(bundle_dir)["data_license"] + "\n"
    files[CHECKSUMS] = _checksums(bundle_dir, files)
    return files


def main() -> int:
    """Write or check every bundle."""
    stale = [
        (path, text)
        for bundle_dir in bundle_dirs()
        for path, text in ((bundle_dir / name, text) for name, text in render(bundle_dir).items())
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    check = "--check" in sys.argv[1:]
    for path, text in stale:
        print(f"{path}: {'out of date, run: make bundles' if check else 'written'}")
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return int(check and bool(stale))


def _render_config(bundle_dir: Path, name: str) -> str:
    overrides = _overrides(bundle_dir)
    sources = [BASE_DIR / f"{source}.yaml" for source in SOURCES[name]]
    parser = ConfigParser(ConfigParser.load_config_files(sources))
    for key, value in _section(overrides.get("add", {}), name).items():
        if key in parser:
            raise KeyError(f"{bundle_dir.name}/overrides.yaml: {key!r} of add is in {sources}")
        parser[key] = value
    for key, value in _section(overrides, name).items():
        if key not in parser:
            raise KeyError(f"{bundle_dir.name}/overrides.yaml: {key!r} is not defined in {sources}")
        parser[key] = value
    if name == "metadata":
        parser["eval_metrics"] = _eval_metrics(bundle_dir)
    return json.dumps(parser.get(), indent=4, ensure_ascii=False) + "\n"


def _render_run(bundle_dir: Path, name: str) -> str:
    """Return an overlay of plain ids: it goes after train.json, evaluate.json or inference.json."""
    ids = json.loads(_render_config(bundle_dir, "train"))
    run = _runs(bundle_dir)[name]
    if unknown := [key for key in run if key not in ids]:
        raise KeyError(f"{bundle_dir.name}/overrides.yaml: {unknown[0]!r} of {name} is no id")
    return json.dumps(run, indent=4, ensure_ascii=False) + "\n"


def _runs(bundle_dir: Path) -> dict[str, dict[str, Any]]:
    return dict(_overrides(bundle_dir).get("runs", {}))


def _section(changes: dict[str, Any], name: str) -> dict[str, Any]:
    """Return what one config changes: what all do, what the one does that it extends, its own."""
    if name == "metadata":
        return dict(changes.get(name, {}))
    parts = ("all", *EXTENDED.get(name, ()), name)
    return {key: value for part in parts for key, value in changes.get(part, {}).items()}


def _render_card(bundle_dir: Path) -> str:
    template = Template(_card_template(bundle_dir).read_text(encoding="utf-8"))
    return template.substitute(_card_texts(bundle_dir), performance=_performance(bundle_dir))


def _performance(bundle_dir: Path) -> str:
    if (patches := bundle_dir / PATCHES).is_file():
        return patch_performance_section(patches, bundle_dir / WEIGHTS)
    return performance_section(_summary(bundle_dir))


def _eval_metrics(bundle_dir: Path) -> dict[str, Any]:
    if (patches := bundle_dir / PATCHES).is_file():
        return patch_eval_metrics(patches, file_sha256(bundle_dir / WEIGHTS))
    summary = _summary(bundle_dir)
    return eval_metrics(summary) if summary else {}


def _card_template(bundle_dir: Path) -> Path:
    if (own := bundle_dir / "card.md").is_file():
        return own
    overrides = _overrides(bundle_dir)
    extends = "extends" in overrides
    return _card_template(_extended(overrides)) if extends else BASE_DIR / "card.md"


def _card_texts(bundle_dir: Path) -> dict[str, str]:
    metadata = json.loads(_render_config(bundle_dir, "metadata"))
    texts = {
        **{key: metadata[key] for key in ("name", "intended_use", "data_source")},
        **ConfigParser.load_config_file(BASE_DIR / "card.yaml"),
        **_overrides(bundle_dir)["card"],
    }
    train = json.loads(_render_config(bundle_dir, "train"))
    texts |= {key: str(train[key]) for key in ("image_size", "crop_size")}
    low, high = train["recombined_window"] or (None, None)
    texts["windows"] = "all of it" if low is None else f"{low} to {high}"
    card = {key: text.strip() for key, text in texts.items()}
    for key in ("model", "intended_use", "data_license"):
        card[key] = fill(card[key], width=100)
    return card


def _checksums(bundle_dir: Path, files: dict[str, str]) -> str:
    """Return the list of all that is rendered, and of what is shipped beside it."""
    digests = {name: sha256(text.encode()).hexdigest() for name, text in files.items()}
    shipped = list(_overrides(bundle_dir).get("ships", []))
    shipped += [name for name in (SUMMARY, PATCHES) if (bundle_dir / name).is_file()]
    return checksum_lines(digests | {name: file_sha256(bundle_dir / name) for name in shipped})


def _summary(bundle_dir: Path) -> EvaluationSummary | None:
    """Return what `cem-monai evaluate` found for the bundle's weights; None without weights."""
    path = bundle_dir / SUMMARY
    return read_summary(path) if path.is_file() else None


def _overrides(bundle_dir: Path) -> dict[str, Any]:
    """Return a bundle's changes, on top of those of the bundle that it extends."""
    own = dict(ConfigParser.load_config_file(bundle_dir / "overrides.yaml"))
    if "extends" not in own:
        return own
    parent = _overrides(_extended(own))
    return {
        key: _merged(parent.get(key), own.get(key), levels=2 if key == "add" else 1)
        for key in parent | own
        if key != "runs"
    }


def _merged(parent: Any, own: Any, levels: int) -> Any:
    """Return own ids on top of the parent's; below them nothing is merged."""
    if levels and isinstance(parent, dict) and isinstance(own, dict):
        return {key: _merged(parent.get(key), own.get(key), levels - 1) for key in parent | own}
    return parent if own is None else own


def _extended(overrides: dict[str, Any]) -> Path:
    return BUNDLES_DIR / str(overrides["extends"])


if __name__ == "__main__":
    sys.exit(main())
