"""May this person enter this client now, with which roles, and why? The only place that decides. Pure (decision 8)."""

from __future__ import annotations

from idp.domain.access.model import Decision, GrantFact, HeldRole, Holder, PersonFacts, Reason, State


def decide(state: State) -> Decision:
    """Weigh in this order: the client, the account, the employment, the grants, the client's default."""
    reasons: list[Reason] = []
    if not state.client.enabled:
        return _refused(reasons, Reason("client_disabled"))
    if state.person.account_state != "active":
        return _refused(reasons, Reason("account_not_active", {"state": state.person.account_state}))
    if not state.person.employed:
        return _refused(reasons, Reason("not_employed"))
    roles: list[HeldRole] = []
    for grant in state.grants:
        if grant.client_id != state.client.client_id:
            continue
        reason = weigh(grant, state)
        reasons.append(reason)
        if reason.code == "grant_holds":
            roles.append(_held(grant))
    if roles:
        reasons.append(Reason("role_held", {"roles": sorted({role.role for role in roles})}))
        return Decision(True, tuple(roles), tuple(reasons))
    if state.client.access_default == "allow":
        reasons.append(Reason("client_open_to_staff"))
        return Decision(True, (), tuple(reasons))
    return _refused(reasons, Reason("no_role"))


def weigh(grant: GrantFact, state: State) -> Reason:
    """Whether one grant holds for the person on the day, as a reason of its own."""
    values = {
        "grant": grant.grant_id,
        "role": grant.role,
        "via": grant.holder.value,
        "holder": grant.holder_id,
        "valid_from": grant.valid_from,
        "valid_to": grant.valid_to,
        "reason": grant.reason,
        "given_by": grant.given_by,
    }
    if grant.ended:
        return Reason("grant_ended", values)
    if state.on < grant.valid_from:
        return Reason("grant_not_yet", values)
    if grant.valid_to is not None and state.on > grant.valid_to:
        return Reason("grant_expired", values)
    if not _reaches(grant, state.person):
        return Reason("grant_of_another", values)
    return Reason("grant_holds", values)


def _reaches(grant: GrantFact, person: PersonFacts) -> bool:
    if grant.holder is Holder.PERSON:
        return grant.holder_id == person.person_id
    if grant.holder is Holder.POSITION:
        return any(post.position_id == grant.holder_id for post in person.posts)
    return any(grant.holder_id in post.unit_and_above for post in person.posts)


def _held(grant: GrantFact) -> HeldRole:
    return HeldRole(
        grant.role,
        grant.grant_id,
        grant.holder,
        grant.constraint_unit,
        grant.constraint_descendants,
        grant.valid_to,
    )


def _refused(reasons: list[Reason], last: Reason) -> Decision:
    return Decision(False, (), (*reasons, last))
