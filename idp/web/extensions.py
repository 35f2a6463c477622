"""Flask-SQLAlchemy, unbound: engine and session lifetime, nothing else."""

from __future__ import annotations

from flask_sqlalchemy import SQLAlchemy

from idp.kernel.database import Base

db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})
