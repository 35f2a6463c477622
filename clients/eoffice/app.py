"""e-Office: letters of the city. An example of an application behind Gapura, without an API of its own."""

from flask import Flask, abort, redirect, render_template
from flask.typing import ResponseReturnValue

from .safety import make_safe
from .settings import Settings, from_environment
from .sign_in import SignIn

SCOPE = "openid profile email roles unit"
SIGNER = "penandatangan"
LETTERS = (
    {
        "number": "005-118",
        "subject": "Undangan rapat koordinasi pelayanan publik",
        "sender": "Sekretariat Daerah",
    },
    {
        "number": "800-042",
        "subject": "Surat perintah tugas pemeriksaan lapangan",
        "sender": "Dinas Kesehatan",
    },
    {"number": "090-007", "subject": "Permohonan peminjaman ruang rapat", "sender": "Kelurahan Tegallega"},
)


def create_app(settings: Settings) -> Flask:
    """The application, ready to be served at ``settings.url``."""
    app = Flask(__name__)
    make_safe(app, settings, "eoffice_session")
    sign_in = SignIn(app, settings, SCOPE)
    signed: set[str] = set()

    @app.get("/")
    def home() -> ResponseReturnValue:
        return render_template("home.html", person=sign_in.person())

    @app.get("/letters")
    @sign_in.required
    def list_letters() -> ResponseReturnValue:
        person = sign_in.person() or {}
        return render_template(
            "letters.html", person=person, letters=LETTERS, signed=signed, may_sign=SIGNER in person["roles"]
        )

    @app.post("/letters/<number>/sign")
    @sign_in.role_required(SIGNER)
    def sign(number: str) -> ResponseReturnValue:
        if number not in {letter["number"] for letter in LETTERS}:
            abort(404)
        signed.add(number)
        return redirect("/letters", 303)

    return app


def serve() -> None:
    """Start with what the environment says.

    Flask's own server is enough for a demonstration. In production put the app behind a WSGI server.
    """
    settings = from_environment()
    create_app(settings).run(settings.host, settings.port, threaded=True)
