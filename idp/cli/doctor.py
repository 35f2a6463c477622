"""gapura doctor: examine the whole installation and say how to mend what is wrong."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

import click

from idp.adapters.outbound import Outbound
from idp.checks import health
from idp.checks.health import Finding, State
from idp.cli.main import config_option
from idp.cli.session import installation, open_work
from idp.kernel import secrets_store
from idp.kernel.ports import OutboundFailed, OutboundRefused
from idp.kernel.settings import Settings, SettingsError, load

SIGNS = {State.OK: "ok", State.WARNING: "WARNING", State.FAILED: "FAILED"}
DISCOVERY = "/.well-known/openid-configuration"


@click.command()
@config_option
@click.option(
    "--from-outside", is_flag=True, help="Also fetch the issuer's own discovery document, as applications do."
)
@click.option("--json", "as_json", is_flag=True)
def doctor(config: Path, from_outside: bool, as_json: bool) -> None:
    """Check configuration, secrets, database, keys, worker, deliveries, audit log, backup; exit 1 if one failed."""
    findings = _examine(config, from_outside)
    failed = health.worst(findings) == State.FAILED
    if as_json:
        rows = [{"name": f.name, "state": f.state, "fact": f.fact, "mend": f.mend} for f in findings]
        click.echo(json.dumps({"healthy": not failed, "checks": rows}))
    else:
        for finding in findings:
            click.echo(f"{SIGNS[finding.state]:8} {finding.name:14} {finding.fact}")
            if finding.mend is not None:
                click.echo(f"{'':23} → {finding.mend}")
    sys.exit(1 if failed else 0)


def _examine(config: Path, from_outside: bool) -> list[Finding]:
    try:
        settings = load(config)
    except SettingsError as error:
        return [
            Finding(
                "configuration",
                State.FAILED,
                str(error),
                "correct the file; config.example.toml names every key",
            )
        ]
    findings = [
        Finding("configuration", State.OK, f"{config}, {settings.environment}, {settings.issuer}"),
        _secrets(settings),
    ]
    if findings[-1].state == State.FAILED:
        return findings
    with open_work(installation(config)) as work:
        findings += health.examine(work)
    findings.append(_mail(settings))
    if from_outside:
        findings.append(_outside(settings))
    return findings


def _secrets(settings: Settings) -> Finding:
    try:
        secrets_store.read(settings.secrets.directory)
    except SettingsError as error:
        return Finding(
            "secrets",
            State.FAILED,
            str(error),
            "restore them from the backup, or `gapura init` on a new installation",
        )
    if settings.secrets.directory.stat().st_mode & 0o077:
        mend = f"chmod 700 {settings.secrets.directory}"
        return Finding("secrets", State.WARNING, "the directory can be listed by others", mend)
    return Finding("secrets", State.OK, "present, readable by this account only")


def _mail(settings: Settings) -> Finding:
    mail = settings.mail
    if mail.transport == "file" and not settings.is_rehearsal:
        return Finding(
            "mail", State.WARNING, "messages are written to files", 'set mail.transport to "smtp" or "none"'
        )
    return Finding("mail", State.OK, "none" if mail.transport == "none" else f"{mail.transport}")


def _outside(settings: Settings) -> Finding:
    """Discovery through proxy and DNS, as an application sees it: issuer, headers, clock."""
    name, where = "issuer", settings.issuer + DISCOVERY
    own = settings.model_copy(
        update={"outbound": settings.outbound.model_copy(update={"allow": ("0.0.0.0/0", "::/0")})}
    )
    try:
        answer = Outbound(own).get(where)
    except (OutboundFailed, OutboundRefused) as error:
        return Finding(
            name,
            State.FAILED,
            f"{where}: {error}",
            "check DNS, the proxy, its certificate, and that `gapura serve` runs",
        )
    if answer.status != 200:
        mend = (
            "the proxy must pass the Host header on unchanged"
            if answer.status == 400
            else "look at the proxy's log"
        )
        return Finding(name, State.FAILED, f"{where}: status {answer.status}", mend)
    try:
        stated = json.loads(answer.body).get("issuer")
    except (ValueError, AttributeError):
        return Finding(
            name, State.FAILED, f"{where}: not a discovery document", "something else answers at this address"
        )
    if stated != settings.issuer:
        return Finding(
            name, State.FAILED, f"it says {stated}", f"issuer must be {urlsplit(where).netloc}'s own"
        )
    return Finding(name, State.OK, f"{where} answers with this issuer")
