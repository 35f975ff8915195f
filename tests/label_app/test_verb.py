from __future__ import annotations

from pathlib import Path

from cem_monai.cli import main


def test_verb_prints_the_folder_that_monai_label_takes(capsys):
    assert main(["label_app"]) == 0
    app = Path(capsys.readouterr().out.strip())
    assert "MONAILabelApp" in (app / "main.py").read_text()
