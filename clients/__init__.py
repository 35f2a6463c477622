"""Relying parties of Gapura. They know the provider by HTTP only and never import it.

Inside this work tree the kit is used from its folder, so that the examples start without an installation;
an application that was copied out of here installs ``gapura-kit`` like any other dependency.
"""

import importlib.util
import sys
from pathlib import Path

if importlib.util.find_spec("gapura_kit") is None:
    sys.path.append(str(Path(__file__).parent / "kit"))
