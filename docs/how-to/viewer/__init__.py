"""Orthanc and OHIF on this machine alone, with demo exams: what `make viewer` shows."""
