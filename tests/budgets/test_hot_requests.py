"""What a request of the hot paths may cost, counted, never timed (PERFORMANCE.md, gate; STACK.md §6.15).

A number here goes down when somebody makes a request cheaper, and up only together with the reason in its commit.
"""

from __future__ import annotations

from tests.budgets.conftest import Hot, Spent


def assert_within(
    hot: Hot, spent: Spent, *, statements: int, signatures: int, together: int | None = None
) -> None:
    """`together` is the number on PostgreSQL, where inserts that wait for the commit go out as one statement."""
    if together is not None and hot.database == "postgresql":
        statements = together
    assert len(spent.statements) <= statements, "\n".join(spent.statements)
    assert spent.commits <= 1
    assert spent.signatures == signatures
    assert spent.hashes == 0


class TestARequestOfTheHotPaths:
    def test_an_authorization_with_a_session_reads_three_times_and_writes_once(self, hot: Hot) -> None:
        """Session, person, grants; then participation, code and audit event."""
        hot.authorize()
        assert_within(hot, hot.count(hot.authorize), statements=6, together=4, signatures=0)

    def test_a_code_exchange_signs_one_id_token_after_one_commit(self, hot: Hot) -> None:
        """The access token for our own endpoints is opaque: it needs no signature (decision 7)."""
        code = hot.code()
        assert_within(hot, hot.count(lambda: hot.exchange(code)), statements=9, together=6, signatures=1)

    def test_a_refresh_signs_one_id_token_after_one_commit(self, hot: Hot) -> None:
        """Rotation, successor, access token and audit event are durable together (R-25)."""
        token = hot.tokens()["refresh_token"]
        assert_within(hot, hot.count(lambda: hot.refresh(token)), statements=8, together=6, signatures=1)

    def test_a_machine_grant_signs_one_access_token(self, hot: Hot) -> None:
        """For an API the access token is a JWT (RFC 9068)."""
        hot.machine_grant()
        assert_within(hot, hot.count(hot.machine_grant), statements=4, together=2, signatures=1)

    def test_a_second_userinfo_answer_writes_nothing(self, hot: Hot) -> None:
        """The first one enters the disclosure ledger (UU PDP art. 31); further ones of the token only read."""
        token = hot.tokens()["access_token"]
        hot.userinfo(token)
        spent = hot.count(lambda: hot.userinfo(token))
        assert_within(hot, spent, statements=5, signatures=0)
        assert all(text.startswith("SELECT") for text in spent.statements)

    def test_an_introspection_reads_the_token_and_the_subject(self, hot: Hot) -> None:
        """Live means: the joined query says so at this moment (STACK.md §6.5)."""
        token = hot.tokens()["access_token"]
        hot.introspect(token)
        assert_within(hot, hot.count(lambda: hot.introspect(token)), statements=2, signatures=0)
