"""One JSON object per line, bounded, and nothing in it that opens a door (R-122, R-123)."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.conftest import City

PROGRAM = """
import logging, structlog
from idp.kernel.logs import configure
configure("DEBUG")
log = structlog.get_logger()
{}
"""


def lines(statements: str) -> list[dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(statements)], capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


class TestALine:
    def test_blanks_what_is_named_like_a_secret(self):
        names = ("password", "otp", "code", "token", "secret", "authorization", "cookie", "client_assertion")
        (line,) = lines("log.info('x', " + ", ".join(f"{name}='s3cr3t'" for name in names) + ")")
        assert "s3cr3t" not in json.dumps(line)

    def test_stays_one_line_whatever_is_put_in(self):
        """C-226: forged lines."""
        (line,) = lines(r"log.info('x', path='/a\n{\"event\": \"forged\"}\x1b[31m')")
        assert line["event"] == "x"

    def test_is_bounded(self):
        (line,) = lines("log.info('x', path='a' * 100_000)")
        assert len(str(line["path"])) < 300

    def test_of_a_library_has_the_same_form_and_authlib_never_speaks_of_tokens(self):
        """Authlib logs what it issues at DEBUG (STACK traps)."""
        found = lines(
            "logging.getLogger('authlib').debug('token s3cr3t'); logging.getLogger('other').warning('w\\nx')"
        )
        assert [line["logger"] for line in found] == ["other"]


class TestALog:
    def test_of_a_whole_sign_in_holds_no_secret(self, town: City):
        siti, client = town.person(), town.client()
        town.build()
        tokens = client.sign_in(town.browser(), siti, scope="openid profile email")
        log = town.provider.log
        assert all(json.loads(line)["event"] for line in log.splitlines() if line.startswith("{"))
        for secret in (
            siti.password,
            siti.totp_secret,
            client.client_secret,
            tokens.access_token,
            tokens.id_token,
        ):
            assert secret not in log
