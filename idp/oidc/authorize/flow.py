"""One authorization, from the first visit to the code: gather the facts, ask `next_step`, do what it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Response, make_response, redirect, render_template, url_for

from idp.domain.access import state
from idp.domain.access.model import Decision
from idp.domain.accounts import subjects
from idp.domain.audit.events import REFUSED, Event
from idp.domain.authorizations import codes, consents
from idp.domain.clients.registered import ClientView
from idp.domain.sessions import interactions
from idp.domain.sessions import sso as sessions
from idp.domain.sessions.interactions import Interaction
from idp.domain.sessions.sso import Sso
from idp.oidc import hints
from idp.oidc.authorize import notice
from idp.oidc.authorize.interaction import Facts, Step, next_step
from idp.oidc.authorize.request import AuthorizationRequest
from idp.oidc.authorize.response import answer, refuse
from idp.oidc.errors import OAuthError, note
from idp.web import context
from idp.web.browser import browser

DEFAULT_SCOPES = frozenset({"openid", "offline_access"})
"""Scopes that reveal nothing about the person beyond the subject; they need no notice."""


@dataclass(slots=True)
class Flow:
    """A request on its way, with the transaction if it is stored already."""

    request: AuthorizationRequest
    client: ClientView
    interaction: Interaction | None = None

    def proceed(self) -> Response:
        """Answer, or lead to the page that comes next. Commits."""
        sso = context.sso()
        decision = state.decide_for(context.work(), sso.person_id, self.client) if sso else None
        step = next_step(self._facts(sso, decision))
        if step is Step.ANSWER and sso is not None and decision is not None:
            return self._answer(sso)
        if "none" in self.request.prompt:
            return self._refuse_silently(step)
        if step in (Step.SIGN_IN, Step.STEP_UP):
            return self._to_sign_in()
        assert sso is not None and decision is not None  # noqa: S101 -- only SIGN_IN comes without
        if step is Step.REFUSE:
            return self._no_access(sso, decision)
        return self._show_notice(sso, decision, step)

    def _facts(self, sso: Sso | None, decision: Decision | None) -> Facts:
        work = context.work()
        begun = self.interaction
        kind = consents.NOTICE if self.client.first_party else consents.CONSENT
        telling = frozenset(self.request.scopes) - (
            DEFAULT_SCOPES if self.client.first_party else frozenset()
        )
        due = False
        if sso is not None and (telling and not self.client.skip_notice):
            due = not telling <= consents.covered(work.session, sso.person_id, self.client.client_id, kind)
        return Facts(
            prompt=self.request.prompt,
            max_age=self.request.max_age,
            level_wanted=self.request.level,
            now=work.now,
            begun_at=begun.created_at if begun else None,
            auth_time=sso.auth_time if sso else None,
            level=sso.level if sso else 0,
            is_hinted_person=sso is None or self._is_hinted(sso),
            allowed=decision is not None and decision.allowed,
            notice_due=due and kind == consents.NOTICE,
            consent_due=due and kind == consents.CONSENT,
            approved=begun is not None
            and begun.approved_at is not None
            and sso is not None
            and begun.person_id == sso.person_id,
        )

    def _is_hinted(self, sso: Sso) -> bool:
        """Whether the session is of the person that id_token_hint or a requested `sub` names (OIDC Core §5.5.1)."""
        wanted: set[str] = set()
        if self.request.id_token_hint is not None:
            hint = hints.read(self.request.id_token_hint)
            if hint is None or hint.client_id != self.client.client_id:
                return False
            wanted.add(hint.sub)
        member = (self.request.claims.get("id_token") or {}).get("sub")
        if isinstance(member, dict) and isinstance(member.get("value"), str):
            wanted.add(member["value"])
        if not wanted:
            return True
        own = subjects.find(context.work().session, sso.person_id, self.client.sector_name)
        return wanted == {own}

    def _answer(self, sso: Sso) -> Response:
        work = context.work()
        if self.interaction is not None and not interactions.finish(work, self.interaction.id):
            context.rollback()
            return redirect(url_for("account.launcher"), 303)
        target = self.request.target
        sessions.touch(work, sso)
        sessions.took_part(work, sso.id, self.client.client_id)
        code = codes.issue(
            work,
            sso,
            client_id=self.client.client_id,
            client_epoch=self.client.epoch,
            redirect_uri=target.redirect_uri,
            code_challenge=self.request.code_challenge,
            request=self._carried(sso),
        )
        context.commit_hot()
        if self.request.dropped_scopes:
            self._note_dropped()
        return answer(target, {"code": code})

    def _carried(self, sso: Sso) -> dict[str, Any]:
        """What the token endpoint needs of the request and the session."""
        request = self.request
        asked = request.max_age is not None or "auth_time" in (request.claims.get("id_token") or {})
        return {
            "scope": " ".join(request.scopes),
            "nonce": request.nonce,
            "claims": dict(request.claims),
            "auth_time": int(sso.auth_time.timestamp()),
            "auth_time_asked": asked,
            "factors": list(sso.factors),
            "level": sso.level,
            "consented": "consent" in request.prompt or not self.client.first_party,
        }

    def _note_dropped(self) -> None:
        dropped = " ".join(self.request.dropped_scopes)
        note(
            self.client.client_id,
            "authorize",
            OAuthError(
                "scope_dropped", "unknown or unapproved scopes were left out", facts={"dropped": dropped}
            ),
        )

    def _refuse_silently(self, step: Step) -> Response:
        """prompt=none: the same outcome as an error (OIDC Core §3.1.2.6)."""
        error = {
            Step.SIGN_IN: OAuthError("login_required", "no session, or not fresh enough"),
            Step.STEP_UP: OAuthError(
                "login_required", "a stronger sign-in is required", code="step_up_required"
            ),
            Step.REFUSE: OAuthError(
                "access_denied", "the person has no access to this application", code="no_access"
            ),
            Step.NOTICE: OAuthError("consent_required", "the person has not seen the notice yet"),
            Step.CONSENT: OAuthError("consent_required", "the person has not consented yet"),
        }[step]
        context.rollback()
        note(self.client.client_id, "authorize", error)
        return refuse(self.request.target, error)

    def _stored(self) -> Interaction:
        if self.interaction is None:
            self.interaction = interactions.begin(
                context.work(),
                browser(),
                return_to=url_for("oidc.resume"),
                client_id=self.client.client_id,
                request=self.request.frozen(),
                level_wanted=self.request.level,
            )
        return self.interaction

    def _to_sign_in(self) -> Response:
        interaction = self._stored()
        context.commit_hot()
        return redirect(url_for("signin.form", t=interaction.id), 303)

    def _no_access(self, sso: Sso, decision: Decision) -> Response:
        context.work().record(
            Event(
                "authz_refused",
                result=REFUSED,
                subject=sso.person_id,
                client=self.client.client_id,
                reason=decision.deciding.code,
            )
        )
        context.commit_hot()
        page = notice.no_access(self.client, sso, decision)
        return make_response(page, 403)

    def _show_notice(self, sso: Sso, decision: Decision, step: Step) -> Response:
        interaction = self._stored()
        interaction.person_id = sso.person_id
        context.commit_hot()
        return make_response(
            render_template(
                "oidc/notice.html" if step is Step.NOTICE else "oidc/consent.html",
                **notice.content(self.request, self.client, sso, decision),
                t=interaction.id,
            )
        )
