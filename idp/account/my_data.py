"""What is held about a person, who gave which access, and which application received which claims (UU PDP art. 32)."""

from __future__ import annotations

from typing import Any

import orjson
from flask import make_response, redirect, url_for
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from idp.account.present import Present, present
from idp.account.present import show as render
from idp.domain.access import roles, state
from idp.domain.access.grants import Grant
from idp.domain.access.model import Holder
from idp.domain.accounts import accounts
from idp.domain.authorizations import consents, families
from idp.domain.city import placements, units
from idp.domain.release import ledger
from idp.web import context
from idp.web.extensions import db
from idp.web.i18n import employment_word, grouped_nip


def show() -> Response:
    here = present()
    data = _gathered(here)
    return render(
        "account/my_data.html",
        here,
        data=_facts(here, data),
        consents=[
            {"client_id": c.client_id, "app": _name(c.client_id), "given_at": c.given_at}
            for c in consents.of_person(context.work().session, here.sso.person_id)
            if c.kind == consents.CONSENT
        ],
        grants=[_shown_grant(grant) for grant in data["grants"] if grant["ended_at"] is None],
        disclosures=_summed(data["disclosures"]),
    )


def _facts(here: Present, data: dict[str, Any]) -> list[tuple[str, Any]]:
    person = here.person
    facts: list[tuple[str, Any]] = [
        (gettext("Nama"), person.name),
        (gettext("Nama pengguna"), data["username"]),
        (gettext("Email dinas"), person.email or "–"),
    ]
    for post in data["posts"]:
        facts += [
            (gettext("NIP"), grouped_nip(post["number"]) or "–"),
            (gettext("Status kepegawaian"), employment_word(post["status"])),
            (gettext("Jabatan"), post["title"] or "–"),
            (gettext("Unit kerja"), post["unit"] or "–"),
        ]
    return facts


def _shown_grant(grant: dict[str, Any]) -> dict[str, Any]:
    return {**grant, "app": grant["client"], "limited_to": grant["constraint"], "source": grant["reason"]}


def _summed(disclosures: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One line per application and set of claims: how often, and when last."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for item in disclosures:
        key = (item["client"], ",".join(item["claims"]))
        line = found.setdefault(
            key, {**item, "client_name": item["client"], "last_at": item["at"], "times": 0}
        )
        line["times"] += 1
        line["first_at"] = item["at"]
    return list(found.values())


def withdraw(client_id: str) -> Response:
    """Take back a consent; what the application holds of the person ends at once. Raises NotFound."""
    here = present()
    work = context.work()
    consents.withdraw(work, here.sso.person_id, client_id)
    families.revoke_given(work, here.sso.person_id, client_id)
    context.commit_hot()
    return redirect(url_for("account.my_data"), 303)


def download() -> Response:
    here = present()
    data = _gathered(here)
    person = here.person
    body = {
        "person": {
            "name": person.name,
            "email": person.email,
            "phone": person.phone,
            "updated_at": person.updated_at,
        },
        "posts": [
            {"number": p["number"], "status": p["status"], "position": p["title"], "unit": p["unit"]}
            for p in data["posts"]
        ],
        "grants": data["grants"],
        "disclosures": data["disclosures"],
    }
    response = make_response(orjson.dumps(body, option=orjson.OPT_INDENT_2))
    response.headers["Content-Type"] = "application/json"
    response.headers["Content-Disposition"] = 'attachment; filename="data-saya.json"'
    return response


def _gathered(here: Present) -> dict[str, Any]:
    work = context.work()
    person_id = here.sso.person_id
    tree = units.tree(work.session, state.today(work))
    posts = [
        {
            "number": p.number,
            "status": p.status,
            "title": p.title,
            "unit": " › ".join(n.name for n in tree.path(p.unit_id)),
        }
        for p in placements.posts(work.session, person_id, state.today(work))
    ]
    held = work.session.execute(
        select(Grant, roles.Role)
        .join(roles.Role, roles.Role.id == Grant.role_id)
        .where(Grant.holder == Holder.PERSON.value, Grant.holder_id == person_id)
        .order_by(Grant.recorded_at.desc())
    ).all()
    return {
        "person": here.person,
        "username": accounts.get(work.session, person_id).username,
        "posts": posts,
        "grants": [
            {
                "client": _name(role.client_id) if role.client_id else "Gapura",
                "role": role.title,
                "valid_from": grant.valid_from,
                "valid_to": grant.valid_to,
                "reason": grant.reason,
                "constraint": grant.constraint_unit,
                "ended_at": grant.ended_at,
            }
            for grant, role in held
        ],
        "disclosures": [
            {"client": _name(d.client_id), "claims": d.claims, "at": d.at, "purpose": d.purpose}
            for d in ledger.of_person(work.session, person_id)
        ],
    }


def _name(client_id: str) -> str:
    client = context.catalogue().client(db.session, client_id)  # type: ignore[arg-type]
    return str(client.client_name) if client else client_id
