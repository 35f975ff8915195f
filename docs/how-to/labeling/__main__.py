"""`python -m labeling`: demo exams in Orthanc, a MONAI Label server for them, until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import threading
from pathlib import Path

from labeling.server import label_python, ohif_address, running_server
from viewer.demo_exams import demo_images, make_demo
from viewer.pacs import Pacs, orthanc_program, running_pacs

BUNDLE, PASSES = "breast_cem_compact", "8"


def main() -> None:
    """Read the command line, start, say where to look, wait for Ctrl-C."""
    options = _options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        # what is missing is told before minutes of work
        python, _ = label_python(), orthanc_program()
        if not demo_images(options.demo):
            make_demo(options.demo)
        _serve(options, python)
    except KeyboardInterrupt:
        print("\nstopped; nothing is left running")
    except (OSError, RuntimeError, ValueError) as error:
        sys.exit(f"error: {error}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="labeling", description=__doc__)
    parser.add_argument(
        "--demo", type=Path, default=Path("demo_output"), help="folder of cem-monai demo"
    )
    parser.add_argument(
        "--output", type=Path, default=Path("label_output"), help="for drawings and cnr.csv"
    )
    parser.add_argument("--reader", default="reader", help="who draws, where a client tells no one")
    parser.add_argument("--port", type=int, default=8000, help="of MONAI Label; OHIF expects 8000")
    parser.add_argument("--pacs_port", type=int, default=8042, help="of Orthanc's web interface")
    return parser.parse_args()


def _serve(options: argparse.Namespace, python: Path) -> None:
    studies = demo_images(options.demo)
    output = options.output.absolute()
    conf = {
        "models": BUNDLE,
        "output": str(output),
        "reader": options.reader,
        "uncertainty": PASSES,
    }
    with (
        tempfile.TemporaryDirectory(prefix="cem_label_") as store,
        running_pacs(Path(store), http_port=options.pacs_port) as pacs,
    ):
        _load_measured(pacs, studies)
        with running_server(
            f"{pacs.url}/dicom-web", output, conf, python=python, port=options.port
        ) as server:
            print(f"MONAI Label: {server.url}, for 3D Slicer too; Orthanc: {pacs.url}")
            print("OHIF, one address for each study:")
            for study in studies:
                print(f"  {ohif_address(server.url, study)}")
            print(f"Drawings and cnr.csv: {output}")
            print("Simulated exams, research software. Ctrl-C stops all.", flush=True)
            threading.Event().wait()


def _load_measured(pacs: Pacs, studies: dict[str, list[Path]]) -> None:
    """Store the measured images; the virtual ones shall be asked for."""
    for paths in studies.values():
        for path in paths:
            if path.stem.endswith(("_LE", "_DES")):
                pacs.add(path.read_bytes())


if __name__ == "__main__":
    main()
