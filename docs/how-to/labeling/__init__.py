"""Orthanc and a MONAI Label server with demo exams, on this machine: what `make label` shows."""
