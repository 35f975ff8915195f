"""`python -m viewer`: demo exams in Orthanc, shown by OHIF, until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import threading
from pathlib import Path

from viewer.demo_exams import demo_images, load, make_demo
from viewer.ohif import default_folder, viewer_files
from viewer.pacs import orthanc_program, running_pacs
from viewer.web import served, study_address


def main() -> None:
    """Read the command line, start, say where to look, wait for Ctrl-C."""
    options = _options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        # what is missing is told before minutes of work
        files, _ = viewer_files(options.ohif), orthanc_program()
        if not demo_images(options.demo):
            make_demo(options.demo)
        _show(options, files)
    except KeyboardInterrupt:
        print("\nstopped; nothing is left running")
    except (OSError, RuntimeError, ValueError) as error:
        sys.exit(f"error: {error}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="viewer", description=__doc__)
    parser.add_argument(
        "--demo", type=Path, default=Path("demo_output"), help="folder of cem-monai demo"
    )
    parser.add_argument("--ohif", type=Path, default=default_folder(), help="folder of OHIF")
    parser.add_argument("--port", type=int, default=3000, help="of the viewer")
    parser.add_argument("--pacs_port", type=int, default=8042, help="of Orthanc's web interface")
    parser.add_argument("--dicom_port", type=int, default=4242, help="where Orthanc takes C-STORE")
    return parser.parse_args()


def _show(options: argparse.Namespace, files: Path) -> None:
    studies = demo_images(options.demo)
    with (
        tempfile.TemporaryDirectory(prefix="cem_viewer_") as store,
        running_pacs(
            Path(store), http_port=options.pacs_port, dicom_port=options.dicom_port
        ) as pacs,
        served(files, pacs.url, port=options.port) as address,
    ):
        load(pacs, studies)
        print(f"Orthanc: {pacs.url}/dicom-web, {pacs.ae_title} at {pacs.host}:{pacs.dicom_port}")
        print(f"OHIF: {address} lists the studies; LE | DES | virtual DES of each:")
        for study in studies:
            print(f"  {study_address(address, study)}")
        print("Simulated exams, research software. Ctrl-C stops all.", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
