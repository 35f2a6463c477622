"""For any WSGI server: the configuration is named by GAPURA_CONFIG."""

from pathlib import Path

from idp.app import create_app
from idp.kernel import orphans
from idp.kernel.logs import configure
from idp.kernel.settings import environment_value, load

if environment_value("GAPURA_SERVED"):
    orphans.end_with_parent()
_settings = load(Path(environment_value("GAPURA_CONFIG") or "/etc/gapura/config.toml"))
configure(_settings.log.level)
application = create_app(_settings)
