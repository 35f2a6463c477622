"""The composition root: `create_app(settings)` and the list of doors."""

from __future__ import annotations

from flask import Flask
from flask_babel import get_locale
from jinja2 import ChoiceLoader, PackageLoader, PrefixLoader
from sqlalchemy.orm import Session

import idp.domain.tables  # noqa: F401 -- every table must be known before a mapper is configured
from idp.account import routes as account
from idp.adapters.mail import mailer
from idp.adapters.outbound import Outbound
from idp.admin import imports
from idp.admin import routes as admin
from idp.domain.accounts.hashing import Hasher
from idp.domain.work import open_vault
from idp.kernel import failpoints, secrets_store
from idp.kernel.clock import Clock
from idp.kernel.database import engine_options, prepare_engine
from idp.kernel.settings import Settings
from idp.kernel.settings import failpoints as failpoint_settings
from idp.oidc import discovery, parameters
from idp.oidc import routes as oidc
from idp.ops import routes as ops
from idp.signin import routes as signin
from idp.web import assets, browser, compression, csrf, errors, headers, i18n
from idp.web.catalogue import Catalogue
from idp.web.context import Runtime
from idp.web.extensions import db
from idp.web.gate import Gate

DOORS = (oidc.bp, signin.bp, account.bp, admin.bp, imports.bp, ops.bp)
UPLOADS = "/konsol/impor"


def build_runtime(settings: Settings) -> Runtime:
    """What a process makes once. Raises SettingsError for missing or unsafe secrets."""
    root = secrets_store.read(settings.secrets.directory)
    vault = open_vault(settings)
    return Runtime(
        settings=settings,
        vault=vault,
        clock=Clock(settings.test.clock_offset_file),
        hasher=Hasher(settings.passwords),
        catalogue=Catalogue(vault.sealer),
        fetch=Outbound(settings),
        mail=mailer(settings),
        csrf_key=root.purpose_key("csrf"),
    )


def create_app(settings: Settings) -> Flask:
    """A WSGI application behind its request gate."""
    if settings.is_rehearsal:
        failpoints.arm(failpoint_settings())
    app = Flask("idp", static_folder=None)
    app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.database.url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database),
        BABEL_DEFAULT_LOCALE="id",
        MAX_CONTENT_LENGTH=None,
        MAX_FORM_MEMORY_SIZE=None,
        PROPAGATE_EXCEPTIONS=False,
    )
    runtime = build_runtime(settings)
    app.extensions["gapura"] = runtime
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)
        engine = db.engine
    i18n.babel.init_app(app, locale_selector=i18n.choose_locale)
    _templates(app)
    app.register_blueprint(assets.bp)
    for door in DOORS:
        app.register_blueprint(door)
    errors.register(app)
    app.after_request(compression.compress)
    app.after_request(browser.attach)
    app.after_request(headers.secure)

    def refresh() -> None:
        """JWKS and discovery must answer without a database, from what was last known (P7)."""
        try:
            with Session(engine) as session:
                runtime.catalogue.snapshot(session)
        except Exception:
            if runtime.catalogue.last_known().epoch < 0:
                raise
            runtime.catalogue.postpone()

    ready = discovery.ready_bytes(settings, runtime.catalogue, refresh)
    app.wsgi_app = Gate(app.wsgi_app, settings, parameters.ROWS, ready, UPLOADS)  # type: ignore[method-assign]
    return app


def _templates(app: Flask) -> None:
    """Globals and filters that every template may use."""
    components = PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")})
    app.jinja_loader = ChoiceLoader([PackageLoader("idp", "templates"), components])  # type: ignore[assignment]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(asset=assets.asset, csrf_field=csrf.csrf_field, get_locale=get_locale)
    app.jinja_env.filters.update(
        datetime_wib=i18n.datetime_wib,
        ago=i18n.ago,
        day=i18n.day,
        nip=i18n.grouped_nip,
        masked_nip=i18n.masked_nip,
    )
    city = app.extensions["gapura"].settings.city
    app.jinja_env.globals.update(city=city, environment=app.extensions["gapura"].settings.environment)
