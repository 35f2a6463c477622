"""The schema comes up wholly or not at all, by one node at a time (F-21, F-22)."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

from idp.checks import schema
from idp.domain.tables import Base
from idp.kernel.settings import Settings, SettingsError
from idp.migrations import runner
from tests.provider import a_database


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    with a_database(tmp_path, request.param) as url:
        yield Settings(issuer="http://localhost:1", environment="test", database={"url": url})


def tables_of(settings: Settings) -> set[str]:
    engine = create_engine(settings.database.url)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


class TestAnEmptyDatabase:
    def test_gets_exactly_the_schema_of_the_tables(self, settings):
        assert runner.upgrade(settings) is None
        engine = create_engine(settings.database.url)
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, Base.metadata) == []
        engine.dispose()

    def test_is_migrated_once_by_nodes_that_start_together(self, settings):
        """F-22."""
        before: list[str | None] = []
        failures: list[Exception] = []

        def start() -> None:
            try:
                before.append(runner.upgrade(settings))
            except Exception as error:
                failures.append(error)

        nodes = [threading.Thread(target=start) for _ in range(4)]
        for node in nodes:
            node.start()
        for node in nodes:
            node.join()
        assert failures == []
        assert sorted(before, key=str) == ["0001", "0001", "0001", None]

    def test_is_untouched_when_the_migration_is_killed_midway_and_fine_at_the_next_try(self, settings):
        """F-21."""
        program = (
            "from idp.kernel.settings import Settings; from idp.migrations import runner; "
            f"runner.upgrade(Settings(issuer='http://localhost:1', environment='test', database={{'url': {settings.database.url!r}}}))"
        )
        for _ in range(3):
            killed = subprocess.run(
                [sys.executable, "-c", program],
                env={**os.environ, "GAPURA_FAILPOINTS": "migrate.mid=crash"},
                check=False,
            )
            assert killed.returncode < 0
            assert "audit_event" not in tables_of(settings)
        assert runner.upgrade(settings) is None
        assert "audit_event" in tables_of(settings)

    def test_has_pending_revisions_until_it_is_migrated(self, settings):
        assert runner.pending(settings) == ["0001"]
        runner.upgrade(settings)
        assert runner.pending(settings) == []


class TestADatabaseThatIsNotOurs:
    def test_with_tables_but_no_version_is_left_alone(self, settings):
        engine = create_engine(settings.database.url)
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE audit_event (id INTEGER)"))
        engine.dispose()
        with pytest.raises(SettingsError, match="begin with an empty database"):
            runner.upgrade(settings)

    def test_of_a_later_version_is_left_alone_but_can_be_served_from(self, settings):
        """The version before keeps working on the schema of the next one (F-20)."""
        runner.upgrade(settings)
        engine = create_engine(settings.database.url)
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        engine.dispose()
        with pytest.raises(SettingsError, match="later version"):
            runner.upgrade(settings)
        assert schema.is_usable("9999")


class TestTheExpectedRevision:
    def test_is_the_newest(self):
        assert runner.head() == schema.EXPECTED
