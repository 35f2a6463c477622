"""config.example.toml and the settings say the same (UX §7.2)."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from idp.kernel.settings import Settings, SettingsError, known_keys, load

EXAMPLE = Path(__file__).resolve().parents[2] / "config.example.toml"
SHOWN_THOUGH_UNSET = {
    "mail.directory", "outbound.ca_file", "metrics.bind", "test.clock_offset_file",
}  # fmt: skip


def uncommented() -> dict[str, object]:
    """The example as if every setting in it had been uncommented, by `section.key`."""
    text = re.sub(r"^#(?=[a-z_0-9]+ = )", "", EXAMPLE.read_text(encoding="utf-8"), flags=re.M)
    flat: dict[str, object] = {}
    for name, value in tomllib.loads(text).items():
        if isinstance(value, dict):
            flat |= {f"{name}.{key}": inner for key, inner in value.items()}
        else:
            flat[name] = value
    return flat


class TestTheExample:
    def test_it_names_every_setting_and_no_other(self):
        assert sorted(uncommented()) == sorted(known_keys())

    def test_it_shows_the_defaults(self):
        defaults = Settings(issuer="https://sso.kota.example").model_dump(mode="json")
        for name, shown in uncommented().items():
            section, _, key = name.partition(".")
            default = defaults[section][key] if key else defaults[section]
            if name in SHOWN_THOUGH_UNSET:
                assert default is None, name
            elif name not in ("database.url", "secrets.directory"):
                assert shown == default, name

    def test_it_can_be_used_as_it_is(self):
        assert load(EXAMPLE, {}).issuer == "https://sso.kota.example"


class TestAMistypedSetting:
    """C-237: refuses to start with one line that names the nearest setting."""

    def test_is_refused_and_the_nearest_is_named(self, tmp_path):
        file = tmp_path / "config.toml"
        file.write_text('issuer = "https://sso.kota.example"\n[server]\nworker = 2\n')
        with pytest.raises(
            SettingsError, match=r'unknown key "server.worker"; did you mean "server.workers"\?'
        ):
            load(file, {})

    @pytest.mark.parametrize(
        "issuer", ["http://sso.kota.example", "https://sso.kota.example/", "https://u@h"]
    )
    def test_an_issuer_that_production_cannot_have_is_refused(self, tmp_path, issuer):
        file = tmp_path / "config.toml"
        file.write_text(f'issuer = "{issuer}"\n')
        with pytest.raises(SettingsError, match="issuer"):
            load(file, {})

    def test_the_doors_for_tests_are_refused_with_a_public_issuer(self, tmp_path):
        file = tmp_path / "config.toml"
        file.write_text('environment = "test"\nissuer = "https://sso.kota.example"\n')
        with pytest.raises(SettingsError, match="environment"):
            load(file, {})
