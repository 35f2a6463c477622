"""The house keeps its floors: the import contracts of pyproject.toml, executed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class TestTheFloors:
    """ARCHITECTURE §2.5: domain without Flask, Authlib or HTTP; doors apart; adapters wired by entries only."""

    def test_every_import_contract_is_kept(self):
        """The console script of import-linter names contract, file and line of whatever is broken."""
        result = subprocess.run(
            [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        assert "0 broken" in result.stdout


class TestTheDomainAlone:
    """ARCHITECTURE §4.7: the domain is usable where neither Flask nor Authlib can be imported."""

    def test_its_tables_and_verbs_import_without_flask_and_authlib(self):
        program = (
            "import sys\n"
            "for name in ('flask', 'flask_sqlalchemy', 'werkzeug', 'authlib', 'click'): sys.modules[name] = None\n"
            "import pkgutil, importlib, idp.domain\n"
            "found = [m.name for m in pkgutil.walk_packages(idp.domain.__path__, 'idp.domain.')]\n"
            "for name in found: importlib.import_module(name)\n"
            "print(len(found))\n"
        )
        result = subprocess.run(
            [sys.executable, "-W", "error", "-c", program],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        assert int(result.stdout) > 40
