"""Triggers that keep the audit trail append-only, even for the application's own account (C-205).

An event may be sealed once (`leaf_index`) and its personal values erased (`openings`); nothing else ever changes,
and nothing is deleted. The tree and its checkpoints never change at all.
"""

from __future__ import annotations

from sqlalchemy import Connection

FIXED = (
    "id", "at", "name", "result", "reason", "actor_kind", "actor_id", "subject_id", "client_id", "unit",
    "request_id", "leaf",
)  # fmt: skip
WRITE_ONCE = ("tree_node", "checkpoint")
_REFUSAL = "the audit trail is append-only"


def install(connection: Connection) -> None:
    """Create the triggers."""
    statements = _postgresql() if connection.dialect.name == "postgresql" else _sqlite()
    for statement in statements:
        connection.exec_driver_sql(statement)


def _sqlite() -> list[str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
    fixed = ", ".join(f'"{name}"' for name in FIXED)
    statements = [
        f"CREATE TRIGGER audit_event_kept BEFORE DELETE ON audit_event {refuse}",
        f"CREATE TRIGGER audit_event_fixed BEFORE UPDATE OF {fixed} ON audit_event {refuse}",
        "CREATE TRIGGER audit_event_sealed_once BEFORE UPDATE OF leaf_index ON audit_event "
        f"WHEN OLD.leaf_index IS NOT NULL AND OLD.leaf_index IS NOT NEW.leaf_index {refuse}",
    ]
    for table in WRITE_ONCE:
        statements += [
            f"CREATE TRIGGER {table}_kept BEFORE DELETE ON {table} {refuse}",
            f"CREATE TRIGGER {table}_fixed BEFORE UPDATE ON {table} {refuse}",
        ]
    return statements


def _postgresql() -> list[str]:
    fixed = ", ".join(f'"{name}"' for name in FIXED)
    run = "FOR EACH {} EXECUTE FUNCTION gapura_refuse_change()"
    statements = [
        "CREATE FUNCTION gapura_refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'insufficient_privilege'; END $$",
        f"CREATE TRIGGER audit_event_fixed BEFORE UPDATE OF {fixed} ON audit_event {run.format('ROW')}",
        "CREATE TRIGGER audit_event_sealed_once BEFORE UPDATE OF leaf_index ON audit_event FOR EACH ROW "
        "WHEN (OLD.leaf_index IS NOT NULL AND OLD.leaf_index IS DISTINCT FROM NEW.leaf_index) "
        "EXECUTE FUNCTION gapura_refuse_change()",
    ]
    for table in ("audit_event", *WRITE_ONCE):
        statements.append(
            f"CREATE TRIGGER {table}_kept BEFORE DELETE OR TRUNCATE ON {table} {run.format('STATEMENT')}"
        )
    for table in WRITE_ONCE:
        statements.append(f"CREATE TRIGGER {table}_fixed BEFORE UPDATE ON {table} {run.format('ROW')}")
    return statements
