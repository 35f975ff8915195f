from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cem_monai.checksums import file_sha256
from cem_monai.evaluation import (
    EvaluationSummary,
    eval_metrics,
    performance_section,
    write_card,
    write_summary,
)
from cem_monai.evaluation.write_card import BEGIN, END
from evaluated_rows import TRIVIAL, summary_of

WEIGHTS = b"weights"
DIGEST = hashlib.sha256(WEIGHTS).hexdigest()
METADATA = {"name": "Größe", "version": "0.1.0", "eval_metrics": {"old": 1}, "task": "t"}


def summary_with(**hashes: str | None) -> EvaluationSummary:
    models: Any = {
        name: {"predictions": name, "weights_sha256": digest} for name, digest in hashes.items()
    }
    return summary_of(predictors=(*TRIVIAL, *hashes), models=tuple(hashes)) | {"models": models}


SUMMARY = summary_with(model=DIGEST)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "my_bundle"
    for name in ("configs", "docs", "models"):
        (folder / name).mkdir(parents=True)
    (folder / "configs" / "metadata.json").write_text(json.dumps(METADATA), encoding="utf-8")
    (folder / "models" / "model.pt").write_bytes(WEIGHTS)
    return folder


@pytest.fixture
def summary_json(tmp_path: Path) -> Path:
    write_summary(tmp_path / "summary.json", SUMMARY)
    return tmp_path / "summary.json"


def metadata(bundle: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((bundle / "configs/metadata.json").read_text("utf-8"))
    return content


def card(bundle: Path) -> str:
    return (bundle / "docs" / "README.md").read_text(encoding="utf-8")


def files(bundle: Path) -> dict[str, bytes]:
    found = (path for path in bundle.rglob("*") if path.is_file())
    return {str(path.relative_to(bundle)): path.read_bytes() for path in found}


def test_metadata_get_the_metrics_and_keep_the_rest(bundle: Path, summary_json: Path) -> None:
    write_card(bundle, summary_json)

    assert metadata(bundle) == {**METADATA, "eval_metrics": eval_metrics(SUMMARY)}
    assert list(metadata(bundle)) == list(METADATA)


def test_bundle_without_a_card_gets_one(bundle: Path, summary_json: Path) -> None:
    write_card(bundle, summary_json)

    assert card(bundle) == f"# my_bundle\n\n{performance_section(SUMMARY)}\n"


def test_card_without_markers_is_kept_and_the_section_appended(
    bundle: Path, summary_json: Path
) -> None:
    (bundle / "docs" / "README.md").write_text("# Mine\n\ntext\n\n", encoding="utf-8")

    write_card(bundle, summary_json)

    assert card(bundle) == f"# Mine\n\ntext\n\n{performance_section(SUMMARY)}\n"


TEXTS = st.text(st.characters(codec="utf-8")).filter(
    lambda text: BEGIN not in text and END not in text
)


@settings(max_examples=20)
@given(before=TEXTS, old=TEXTS, after=TEXTS)
def test_everything_outside_the_markers_stays(
    tmp_path_factory: pytest.TempPathFactory, before: str, old: str, after: str
) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / "configs").mkdir()
    (folder / "docs").mkdir()
    (folder / "configs" / "metadata.json").write_text("{}")
    write_summary(folder / "summary.json", SUMMARY)
    (folder / "docs" / "README.md").write_bytes(f"{before}{BEGIN}{old}{END}{after}".encode())

    write_card(folder, folder / "summary.json")

    expected = f"{before}{performance_section(SUMMARY)}{after}"
    assert (folder / "docs" / "README.md").read_bytes() == expected.encode()


def test_writing_twice_changes_nothing(bundle: Path, summary_json: Path) -> None:
    write_card(bundle, summary_json)
    first = files(bundle)

    write_card(bundle, summary_json)

    assert files(bundle) == first


def test_weights_that_were_evaluated_are_accepted(bundle: Path, summary_json: Path) -> None:
    write_card(bundle, summary_json, bundle / "models" / "model.pt")

    assert metadata(bundle)["eval_metrics"]["weights_sha256"] == DIGEST


def test_weights_tell_which_of_several_models_it_is(bundle: Path, tmp_path: Path) -> None:
    summary = summary_with(first="00" * 32, second=DIGEST)
    write_summary(tmp_path / "summary.json", summary)

    write_card(bundle, tmp_path / "summary.json", bundle / "models" / "model.pt")

    assert metadata(bundle)["eval_metrics"] == eval_metrics(summary, "second")


@pytest.mark.parametrize("digest", ["00" * 32, None])
def test_other_weights_are_refused(bundle: Path, tmp_path: Path, digest: str | None) -> None:
    write_summary(tmp_path / "summary.json", summary_with(model=digest))
    before = files(bundle)

    with pytest.raises(ValueError, match=f"model.pt: SHA-256 {DIGEST} is not that of an eval"):
        write_card(bundle, tmp_path / "summary.json", bundle / "models" / "model.pt")
    assert files(bundle) == before


def test_several_models_need_weights(bundle: Path, tmp_path: Path) -> None:
    write_summary(tmp_path / "summary.json", summary_with(first=None, second=DIGEST))

    with pytest.raises(ValueError, match="the models first, second: one must be named"):
        write_card(bundle, tmp_path / "summary.json")


def test_missing_weights_are_refused(bundle: Path, summary_json: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"other\.pt: no weights"):
        write_card(bundle, summary_json, bundle / "other.pt")


@pytest.mark.parametrize(
    "text", [BEGIN, END, END + BEGIN, BEGIN + END + BEGIN, BEGIN + BEGIN + END, BEGIN + END + END]
)
def test_markers_that_are_not_one_pair_are_refused(
    bundle: Path, summary_json: Path, text: str
) -> None:
    (bundle / "docs" / "README.md").write_text(text)
    before = files(bundle)

    with pytest.raises(ValueError, match=r"README\.md: <!-- begin.* must be there once, in this"):
        write_card(bundle, summary_json)
    assert files(bundle) == before


def test_card_of_another_encoding_is_refused(bundle: Path, summary_json: Path) -> None:
    (bundle / "docs" / "README.md").write_bytes("Größe".encode("latin-1"))

    with pytest.raises(ValueError, match=r"README\.md: is no UTF-8 text"):
        write_card(bundle, summary_json)


@pytest.mark.parametrize(
    ("text", "message"), [("{", "is no JSON file"), ("[]", "must be an object")]
)
def test_damaged_metadata_are_refused(
    bundle: Path, summary_json: Path, text: str, message: str
) -> None:
    (bundle / "configs" / "metadata.json").write_text(text)
    before = files(bundle)

    with pytest.raises(ValueError, match=rf"metadata\.json: {message}"):
        write_card(bundle, summary_json)
    assert files(bundle) == before


def test_folder_that_is_no_bundle_is_refused(tmp_path: Path, summary_json: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"metadata\.json: no metadata"):
        write_card(tmp_path / "elsewhere", summary_json)
    assert not (tmp_path / "elsewhere").exists()


def test_failure_while_writing_leaves_both_files_as_they_were(
    bundle: Path, summary_json: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files(bundle)

    def full(descriptor: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("cem_monai.atomic.os.fsync", full)
    with pytest.raises(OSError, match="no space left"):
        write_card(bundle, summary_json)
    assert files(bundle) == before


def test_without_a_summary_the_section_says_that_nothing_is_evaluated() -> None:
    section = performance_section(None)

    assert section.startswith(f"{BEGIN}\n## Performance\n")
    assert "nothing is evaluated" in section
    assert section.endswith(END)


@settings(max_examples=20)
@given(st.binary(max_size=100))
def test_hash_is_that_of_the_bytes(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("hash") / "file"
    path.write_bytes(data)

    assert file_sha256(path) == hashlib.sha256(data).hexdigest()


def test_hash_of_a_file_longer_than_a_chunk(tmp_path: Path) -> None:
    data = bytes(range(256)) * 5000
    (tmp_path / "file").write_bytes(data)

    assert file_sha256(tmp_path / "file") == hashlib.sha256(data).hexdigest()
