"""What an operator and the monitoring see (UX §7.4, HARNESS §4 and §5)."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
import urllib3

from tests.provider import Provider
from tests.relying_party import Answer, Browser

SERIES = re.compile(r"[a-z_]+(\{[^}]*\})? [0-9.e+-]+")


def get(provider: Provider, path: str, **headers: str) -> tuple[int, str]:
    answer = urllib3.request(
        "GET", f"http://{provider.address}{path}", headers=headers, timeout=5, retries=False
    )
    return answer.status, answer.data.decode()


def doctor(provider: Provider, *options: str, code: int = 0) -> dict[str, dict[str, str]]:
    report = json.loads(provider.run("doctor", "--json", *options, code=code))
    return {check["name"]: check for check in report["checks"]}


class TestARunningNode:
    def test_lives_and_is_ready_and_says_why_to_this_machine(self, provider):
        assert get(provider, "/healthz") == (200, "ok")
        status, body = get(provider, "/readyz")
        assert status == 200
        assert {check["name"] for check in json.loads(body)["checks"]} == {
            "database",
            "schema",
            "keys",
            "worker",
        }

    def test_tells_nobody_else_why(self, provider):
        status, body = get(provider, "/readyz", **{"X-Forwarded-For": "203.0.113.9"})
        assert (status, json.loads(body)) == (200, {"ready": True})

    def test_counts_on_a_second_listener_only(self, provider):
        before = provider.metric("gapura_audit_events_total")
        answer: Answer = Browser(provider).get("/metrics")
        assert answer.status == 404
        provider.run("audit", "search", "--json")
        time.sleep(0.1)
        assert provider.metric("gapura_audit_events_total") == before + 1
        assert provider.metric("gapura_database_up") == 1
        assert provider.metric("gapura_audit_log_ok") == 1
        text = urllib3.request("GET", f"http://{provider.metrics}/metrics").data.decode()
        lines = [line for line in text.splitlines() if not line.startswith("#")]
        assert all(SERIES.fullmatch(line) for line in lines)
        names = [line.rsplit(" ", 1)[0] for line in lines]
        assert len(names) == len(set(names))

    def test_is_healthy_to_the_doctor(self, provider):
        provider.run("backup", "create", "--out", str(provider.directory / "daily.gapura"))
        found = doctor(provider, "--from-outside")
        assert {check["state"] for check in found.values()} == {"ok"}, found


class TestAnInstallationThatIsNotWell:
    @pytest.fixture
    def place(self, own_provider) -> Provider:
        return own_provider(started=False)

    def test_without_a_worker_is_told_to_start_one(self, place):
        found = doctor(place, code=1)
        assert found["worker"]["state"] == "failed"
        assert "gapura worker" in found["worker"]["mend"]

    def test_with_readable_secrets_is_told_and_does_not_start(self, place):
        """C-237."""
        (place.directory / "secrets" / "kek").chmod(0o644)
        assert doctor(place, code=1)["secrets"]["state"] == "failed"
        place.run("serve", code=2)

    def test_with_another_key_encryption_key_is_told(self, place):
        """F-26."""
        (place.directory / "secrets" / "kek").write_text("00" * 32)
        found = doctor(place, code=1)
        assert found["vault"]["state"] == "failed"

    def test_with_the_certification_setting_on_is_warned(self, place):
        place.config.write_text(place.config.read_text() + "[protocol]\nfront_channel = true\n")
        assert doctor(place, code=1)["protocol"]["state"] == "warning"

    def test_with_a_configuration_that_cannot_be_used_is_told_the_line(self, place):
        place.config.write_text("issuer = 'http://sso.kota.example'\n")
        assert doctor(place, code=1)["configuration"]["state"] == "failed"

    def test_without_a_database_is_told(self, place, tmp_path: Path):
        elsewhere = tmp_path / "absent" / "g.db"
        place.config.write_text(
            re.sub(r'url = "[^"]*"', f'url = "sqlite:///{elsewhere}"', place.config.read_text())
        )
        assert doctor(place, code=1)["database"]["state"] == "failed"

    def test_with_an_edited_audit_log_is_told_where(self, place):
        place.run("audit", "verify")
        found = doctor(place, code=1)
        assert found["audit log"]["state"] == "ok"
