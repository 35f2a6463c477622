"""Commands in this process, each against an installation of its own."""

from __future__ import annotations

import io
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from idp.cli.main import main


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


class Commands:
    """Runs `gapura …` with the configuration of one installation."""

    def __init__(
        self, config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.config, self._monkeypatch, self._capsys = config, monkeypatch, capsys

    def __call__(self, *arguments: str) -> Result:
        self._capsys.readouterr()
        self._monkeypatch.setattr(sys, "stdin", io.StringIO())  # nobody is there to answer
        self._monkeypatch.setattr(sys, "argv", ["gapura", *arguments, "--config", str(self.config)])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        said = self._capsys.readouterr()
        return Result(code, said.out, said.err)

    def ok(self, *arguments: str) -> Result:
        result = self(*arguments)
        assert result.code == 0, result.err
        return result

    def json(self, *arguments: str) -> Any:
        return self.ok(*arguments, "--json").json()


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `gapura init` makes, once."""
    directory = tmp_path_factory.mktemp("installation")
    with pytest.MonkeyPatch.context() as patch:
        config = directory / "config.toml"
        command = ["gapura", "init", "--environment", "test", "--issuer", "http://localhost:8123"]
        patch.setattr(sys, "argv", [*command, "--config", str(config)])
        main()
    return directory


@pytest.fixture
def gapura(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Commands:
    """An installation with the unit `dinkes` and its `pkm`."""
    directory = tmp_path / "installation"
    shutil.copytree(installed, directory)
    commands = Commands(directory / "config.toml", monkeypatch, capsys)
    commands.ok("unit", "add", "dinkes", "--name", "Dinas Kesehatan")
    commands.ok("unit", "add", "pkm", "--name", "Puskesmas", "--kind", "technical_unit", "--parent", "dinkes")
    return commands
