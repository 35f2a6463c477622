"""The audit log: sealed without gap, proven, and every edit found (SECURITY.md §4.7, F-34 to F-36, C-205)."""

from __future__ import annotations

import base64
import json
import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from idp.domain.actors import SYSTEM
from idp.domain.audit.events import Event
from idp.domain.audit.rows import AuditEvent
from idp.domain.transparency import log, merkle
from idp.domain.transparency.checkpoint import verify as verify_note
from idp.domain.transparency.exported import verify_export
from idp.domain.transparency.verify import verify
from idp.kernel import failpoints
from tests.installation import Place

SCRIPT = Path(__file__).resolve().parents[2] / "clients" / "verify" / "gapura_verify.py"


def record(place: Place, count: int) -> None:
    with place.work() as work:
        for number in range(count):
            actor = type(SYSTEM)(SYSTEM.kind, address="10.1.2.3", user_agent=f"Peramban {number}")
            work.acting_as(actor).record(
                Event(
                    "authn_login_fail",
                    reason="password",
                    details={"number": number},
                    personal={"name": "Siti"},
                )
            )


def seal(place: Place) -> int:
    with place.work() as work:
        return log.seal(work)


def sealed_log(place: Place, *sizes: int) -> None:
    for size in sizes:
        record(place, size)
        seal(place)


def export(place: Place) -> list[str]:
    with place.work() as work:
        return [json.dumps(line) + "\n" for line in log.export(work, None, None)]


def without_guard(place: Place, *statements: str) -> None:
    """What an owner of the database can do who first removes the triggers."""
    with place.engine.begin() as connection:
        for table in ("audit_event", "tree_node", "checkpoint"):
            for trigger in ("kept", "fixed", "sealed_once"):
                where = f" ON {table}" if place.engine.dialect.name == "postgresql" else ""
                connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_{trigger}{where}"))
        for statement in statements:
            connection.execute(text(statement))


class TestSealing:
    def test_every_event_gets_the_next_position_and_a_signed_checkpoint_covers_it(self, place):
        sealed_log(place, 3, 5, 1)
        with place.work() as work:
            indexes = list(work.session.scalars(select(AuditEvent.leaf_index).order_by(AuditEvent.id)))
            notes = list(work.session.scalars(select(log.StoredCheckpoint.note)))
            key = log.vkey(work)
        assert indexes == list(range(len(indexes)))
        sizes = [verify_note(note, key).size for note in notes]
        assert sorted(sizes)[-1] == len(indexes)
        assert len(set(sizes)) == len(sizes) == 3

    def test_nothing_to_seal_makes_no_checkpoint(self, place):
        sealed_log(place, 2)
        assert seal(place) == 0
        with place.work() as work:
            assert len(list(work.session.scalars(select(log.StoredCheckpoint)))) == 1

    def test_an_event_that_commits_late_is_sealed_after_those_that_were(self, place):
        """PostgreSQL gives ids before commit, so a smaller one may appear later; none is skipped."""
        record(place, 2)
        with place.work() as work:
            newest = work.session.scalar(select(AuditEvent.id).order_by(AuditEvent.id.desc()).limit(1))
        seal(place)
        with place.engine.begin() as connection:
            columns = "at, name, result, actor_kind, leaf"
            connection.execute(
                text(
                    f"INSERT INTO audit_event (id, {columns}) SELECT {newest + 50}, {columns} FROM audit_event WHERE id = {newest}"
                )
            )
        seal(place)
        with place.engine.begin() as connection:
            connection.execute(
                text(
                    f"INSERT INTO audit_event (id, {columns}) SELECT {newest + 20}, {columns} FROM audit_event WHERE id = {newest}"
                )
            )
        assert seal(place) == 1
        with place.work() as work:
            verdict = verify(work)
        assert verdict.broken is None or verdict.broken.reason.startswith("a column differs")

    def test_sealers_at_the_same_time_leave_no_gap_and_one_root_per_size(self, place):
        """F-36, two workers."""
        stop = threading.Event()
        failures: list[Exception] = []

        def work_on() -> None:
            while not stop.is_set():
                try:
                    seal(place)
                except Exception as error:
                    failures.append(error)

        threads = [threading.Thread(target=work_on) for _ in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(15):
            record(place, 4)
        stop.set()
        for thread in threads:
            thread.join()
        while seal(place):
            pass
        with place.work() as work:
            verdict = verify(work)
        assert failures == []
        assert verdict.broken is None
        assert verdict.unsealed == 0

    @pytest.mark.parametrize("point", ["audit.before_checkpoint_sign", "audit.after_sign_before_publish"])
    def test_a_sealer_that_dies_leaves_everything_as_it_was(self, place, point):
        """F-36."""
        sealed_log(place, 3)
        record(place, 3)
        failpoints.arm(f"{point}=raise")
        try:
            with pytest.raises(failpoints.FailpointRaised):
                seal(place)
        finally:
            failpoints.arm("")
        with place.work() as work:
            half = verify(work)
        assert (half.broken, half.unsealed) == (None, 3)
        assert seal(place) == 3
        with place.work() as work:
            assert verify(work).broken is None


class TestProofs:
    def test_the_log_of_every_checkpoint_is_extended_by_every_later_one(self, small_place):
        sealed_log(small_place, 1, 2, 4, 1, 7, 3)
        with small_place.work() as work:
            stored = list(
                work.session.scalars(select(log.StoredCheckpoint).order_by(log.StoredCheckpoint.size))
            )
            for number, old in enumerate(stored):
                for new in stored[number:]:
                    proof = [base64.b64decode(step) for step in log.consistency(work, old.size, new.size)]
                    assert merkle.verify_consistency(old.size, new.size, old.root, new.root, proof)

    def test_an_export_convinces_people_who_do_not_trust_us(self, small_place, tmp_path):
        """clients/verify uses the standard library alone."""
        sealed_log(small_place, 5, 9)
        file = tmp_path / "export.jsonl"
        file.write_text("".join(export(small_place)))
        with small_place.work() as work:
            key = log.vkey(work)
        done = subprocess.run(
            [sys.executable, SCRIPT, file, "--vkey", key], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout
        assert "Intact" in done.stdout

    def test_every_changed_byte_of_an_exported_event_is_found(self, small_place):
        sealed_log(small_place, 8)
        lines = export(small_place)
        with small_place.work() as work:
            key = log.vkey(work)
        assert verify_export(lines, key).reason is None
        randomness = random.Random(20261124)
        for _ in range(300):
            number = randomness.randrange(1, len(lines))
            event = json.loads(lines[number])
            leaf = bytearray(base64.b64decode(event["leaf"]))
            leaf[randomness.randrange(len(leaf))] ^= 1 << randomness.randrange(8)
            event["leaf"] = base64.b64encode(bytes(leaf)).decode()
            changed = [*lines[:number], json.dumps(event), *lines[number + 1 :]]
            assert verify_export(changed, key).reason is not None

    def test_a_dropped_or_swapped_or_cut_line_is_found(self, small_place):
        sealed_log(small_place, 8)
        lines = export(small_place)
        for changed in (
            lines[:3] + lines[4:],
            [*lines[:2], lines[3], lines[2], *lines[4:]],
            lines[:-1],
            lines[1:],
        ):
            assert verify_export(changed).reason is not None

    def test_a_period_is_exported_without_gap_though_moments_and_positions_cross(self, small_place):
        sealed_log(small_place, 6)
        with small_place.work() as work:
            moments = list(work.session.scalars(select(AuditEvent.at).order_by(AuditEvent.leaf_index)))
            lines = [json.dumps(line) for line in log.export(work, moments[-1], None)]
        verdict = verify_export(lines)
        assert verdict.reason is None
        assert verdict.checked == len(lines) - 1 > 0


EDITS = {
    "changed name": ("UPDATE audit_event SET name = 'authn_login_success' WHERE leaf_index = 7", 7),
    "changed reason": ("UPDATE audit_event SET reason = 'other' WHERE leaf_index = 8", 8),
    "changed actor": ("UPDATE audit_event SET actor_kind = 'person', actor_id = 'x' WHERE leaf_index = 9", 9),
    "deleted": ("DELETE FROM audit_event WHERE leaf_index = 7", 7),
    "deleted first": ("DELETE FROM audit_event WHERE leaf_index = 0", 0),
    "tail cut": ("DELETE FROM audit_event WHERE leaf_index >= 10", 10),
    "whole log": ("DELETE FROM audit_event", 0),
    "changed node": ("UPDATE tree_node SET hash = (SELECT hash FROM tree_node WHERE level = 0 AND \"index\" = 1)"
                     " WHERE level = 1 AND \"index\" = 3", 6),
    "node gone": ("DELETE FROM tree_node WHERE level = 0 AND \"index\" = 5", 5),
}  # fmt: skip


class TestEdits:
    """F-34: whoever owns the database may edit it, but not unseen."""

    @pytest.mark.parametrize("edit", EDITS, ids=lambda name: name.replace(" ", "-"))
    def test_is_found_at_its_position(self, place, edit):
        sealed_log(place, 6, 6)
        statement, position = EDITS[edit]
        without_guard(place, statement)
        with place.work() as work:
            verdict = verify(work)
        assert verdict.broken is not None
        assert verdict.broken.position == position

    def test_a_swap_of_two_events_is_found(self, place):
        sealed_log(place, 12)
        without_guard(
            place,
            "UPDATE audit_event SET leaf_index = -1 WHERE leaf_index = 6",
            "UPDATE audit_event SET leaf_index = 6 WHERE leaf_index = 8",
            "UPDATE audit_event SET leaf_index = 8 WHERE leaf_index = -1",
        )
        with place.work() as work:
            verdict = verify(work)
        assert verdict.broken is not None
        assert verdict.broken.position == 6

    def test_a_rewritten_log_with_a_recomputed_tree_fails_against_its_checkpoints(self, small_place):
        sealed_log(small_place, 4, 4)
        with small_place.work() as work:
            kept = log.newest_checkpoint(work.session).note
            key = log.vkey(work)
        without_guard(
            small_place,
            "UPDATE audit_event SET leaf = CAST(replace(leaf, 'password', 'pa55word') AS BLOB), reason = 'pa55word' WHERE leaf_index = 7",
            "UPDATE audit_event SET leaf_index = NULL",
            "DELETE FROM tree_node",
        )
        with small_place.engine.begin() as connection:
            connection.execute(text("DELETE FROM checkpoint"))
        seal(small_place)
        with small_place.work() as work:
            newest = log.newest_checkpoint(work.session)
        outside = verify_note(kept, key)
        assert newest.size == outside.size
        assert newest.root != outside.root

    def test_random_edits_of_leaves_are_all_found(self, small_place):
        sealed_log(small_place, 40)
        without_guard(small_place)
        randomness = random.Random(34)
        for _ in range(60):
            position = randomness.randrange(40)
            with small_place.work() as work:
                row = work.session.scalars(select(AuditEvent).where(AuditEvent.leaf_index == position)).one()
                before, changed = row.leaf, bytearray(row.leaf)
                changed[randomness.randrange(len(changed))] ^= 1 << randomness.randrange(8)
                work.session.execute(
                    update(AuditEvent).where(AuditEvent.id == row.id).values(leaf=bytes(changed))
                )
            with small_place.work() as work:
                verdict = verify(work)
                work.session.execute(
                    update(AuditEvent).where(AuditEvent.leaf_index == position).values(leaf=before)
                )
            assert verdict.broken is not None
            assert verdict.broken.position == position

    def test_an_altered_personal_value_is_found_and_an_erased_one_is_fine(self, place):
        """R-126: erasing what is personal leaves every proof valid."""
        sealed_log(place, 12)
        with place.engine.begin() as connection:
            connection.execute(text("UPDATE audit_event SET openings = NULL WHERE leaf_index = 8"))
        with place.work() as work:
            assert verify(work).broken is None
            row = work.session.scalars(select(AuditEvent).where(AuditEvent.leaf_index == 10)).one()
            row.openings = {**row.openings, "name": {**row.openings["name"], "value": "Budi"}}
        with place.work() as work:
            verdict = verify(work)
        assert verdict.broken is not None
        assert verdict.broken.position == 10


FORBIDDEN = (
    "DELETE FROM audit_event",
    "DELETE FROM audit_event WHERE leaf_index = 3",
    "UPDATE audit_event SET name = 'x'",
    "UPDATE audit_event SET leaf = leaf WHERE leaf_index = 1",
    "UPDATE audit_event SET leaf_index = 99 WHERE leaf_index = 2",
    "UPDATE audit_event SET leaf_index = NULL WHERE leaf_index = 2",
    "DELETE FROM tree_node",
    "UPDATE tree_node SET hash = hash",
    "DELETE FROM checkpoint",
    "UPDATE checkpoint SET note = 'x'",
)


class TestTheApplicationsOwnAccount:
    """C-205: the trail can be added to, and nothing else."""

    def test_cannot_change_delete_or_truncate(self, place):
        sealed_log(place, 6)
        truncations = ("TRUNCATE audit_event",) if place.engine.dialect.name == "postgresql" else ()
        for statement in (*FORBIDDEN, *truncations):
            with pytest.raises(DBAPIError, match="append-only"), place.engine.begin() as connection:
                connection.execute(text(statement))
        with place.work() as work:
            assert verify(work).broken is None
