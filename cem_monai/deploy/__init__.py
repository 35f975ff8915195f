"""The bundles in applications of MONAI Deploy, with all bits of their images.

Deploy itself is no dependency: it is missed only when an operator is made.
"""

from __future__ import annotations

from cem_monai.deploy.selected_series import selected_instances, translate_instances
from cem_monai.deploy.virtual_des_operator import VirtualDESOperator

__all__ = ["VirtualDESOperator", "selected_instances", "translate_instances"]
