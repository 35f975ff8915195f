"""`python -m cem_monai` is the command line."""

from __future__ import annotations

import sys

from cem_monai.cli import main

sys.exit(main())
