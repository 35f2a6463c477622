"""The offline verifier, which shares no code with the product."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def offline() -> ModuleType:
    path = Path(__file__).parents[2] / "clients/verify/gapura_verify.py"
    spec = importlib.util.spec_from_file_location("gapura_verify", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
