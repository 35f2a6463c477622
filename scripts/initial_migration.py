"""Write idp/migrations/versions/0001_initial.py anew from the tables. Only until 0.1.0 is released.

    .venv/bin/python scripts/initial_migration.py

Later revisions are made with Alembic's autogenerate on a database at the newest revision, and reviewed.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.types import JSON, DateTime

from idp.domain.tables import Base

TARGET = Path(__file__).resolve().parent.parent / "idp" / "migrations" / "versions" / "0001_initial.py"
HEAD = '''"""The schema of 0.1.0.

Revision 0001, on an empty database.
"""

import sqlalchemy as sa
from alembic import op

from idp.migrations import audit_guard

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every table of 0.1.0, and the triggers that keep the audit trail."""
'''
TAIL = """    audit_guard.install(op.get_bind())


def downgrade() -> None:
    raise NotImplementedError("0001 is the first schema")
"""


def render(kind: str, thing: Any, _context: Any) -> str | bool:
    """Our own column types are written as what they are in the database."""
    if kind == "type" and isinstance(thing, JSON):
        return "sa.JSON()"
    if kind == "type" and isinstance(getattr(thing, "impl", None), DateTime):
        return "sa.DateTime(timezone=True)"
    return False


def main() -> int:
    with create_engine("sqlite://").connect() as connection:
        options = {"render_item": render, "target_metadata": Base.metadata, "user_module_prefix": None}
        context = MigrationContext.configure(connection, opts=options)
        operations = produce_migrations(context, Base.metadata).upgrade_ops
    body = render_python_code(operations, render_item=render)
    lines = [line for line in body.splitlines() if not line.lstrip().startswith("# ###")]
    TARGET.write_text(HEAD + "\n".join(lines).rstrip() + "\n" + TAIL, encoding="utf-8")
    return subprocess.run(["ruff", "format", "--quiet", TARGET], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
