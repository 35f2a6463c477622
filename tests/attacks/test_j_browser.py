"""Class J: CSRF, framing, consent, logout; and what of K, M, N and O a browser or a client can send."""

from __future__ import annotations

import json
import secrets
import subprocess
import time
from urllib.parse import quote, urlencode

import pytest

from idp.kernel.opaque import Kind, mint
from tests.attacks.conftest import assert_error_page
from tests.conftest import City
from tests.provider import GAPURA
from tests.relying_party import sign_in
from tests.sink import a_sink


def pages(cast):
    """One of each kind of page, error pages included."""
    browser = cast.browser()
    yield browser.get(cast.a.url(cast.a.request()))
    yield browser.get(cast.a.url(cast.a.request(redirect_uri="https://evil.test/")))
    yield browser.get("/tidak-ada")
    yield browser.request("PUT", "/masuk")
    cast.a.sign_in(browser, cast.siti)
    for path in ("/", "/keamanan", "/aktivitas", "/data-saya", "/oauth/logout"):
        yield browser.get(path)
    yield browser.get(cast.x.url(cast.x.request()))


def test_c_166_framing(cast):
    for page in pages(cast):
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"], page.url
        assert page.headers["X-Frame-Options"] == "DENY"


def test_c_167_csp(cast):
    for page in pages(cast):
        policy = page.headers["Content-Security-Policy"]
        for needed in ("default-src 'none'", "object-src 'none'", "base-uri 'none'", "script-src 'self'"):
            assert needed in policy, page.url
        assert "unsafe" not in policy
        target = policy.split("form-action ")[1].split(";")[0].split()
        assert target[0] == "'self'" and set(target[1:]) <= {"https://a.test", "https://x.test"}


def test_c_168_consent_forgery(cast):
    browser = cast.browser()
    cast.a.sign_in(browser, cast.siti)
    page = browser.get(cast.x.url(cast.x.request()))
    assert page.page == "consent"
    form = page.form("decision")
    assert (
        browser.request("POST", "/oauth/pemberitahuan", {"t": form.fields["t"], "decision": "approve"}).status
        == 403
    )
    assert browser.request("GET", f"/oauth/pemberitahuan?t={form.fields['t']}&decision=approve").status == 405
    attacker = cast.browser()
    cast.a.sign_in(attacker, cast.budi)
    foreign = attacker.get(cast.x.url(cast.x.request())).form("decision").fields
    assert browser.request("POST", "/oauth/pemberitahuan", {**foreign, "decision": "approve"}).status == 403
    pending, answer = cast.x.authorize(browser, prompt="none")
    assert cast.x.error_of(pending, answer) == "consent_required"


def test_c_169_consent_scope_growth(cast):
    browser = cast.browser()
    cast.x.sign_in(browser, cast.siti, scope="openid")
    cast.x.code_of(*cast.x.authorize(browser, scope="openid", prompt="none"))
    pending, answer = cast.x.authorize(browser, scope="openid email", prompt="none")
    assert cast.x.error_of(pending, answer) == "consent_required"
    assert browser.get(cast.x.url(cast.x.request(scope="openid email"))).page == "consent"


def test_c_170_and_c_206_names_are_text_everywhere(cast):
    city = City(cast.provider)
    evil = '<b>Bank</b>"><svg onload=alert(1)>{{7*7}}\u202egnp'
    client = city.client("jahat", client_name=evil, first_party=False, skip_notice=False)
    person = city.person("suntik", totp=False, full_name='"><img src=x onerror=alert(1)>{{7*7}}')
    city.build()
    browser = cast.browser()
    page = browser.get(client.url(client.request()))
    seen = [page]
    page = browser.submit(page, page.form("password"), username=person.username, password=person.password)
    seen += [page, browser.get("/"), browser.get("/data-saya"), browser.get("/aktivitas")]
    for page in seen:
        assert "<svg onload" not in page.text
        assert "<img src=x" not in page.text and "<b>Bank" not in page.text
    assert any("{{7*7}}" in page.text for page in seen), "shown as it was typed"


def test_c_171_logout_without_hint(cast):
    browser = cast.browser()
    cast.a.sign_in(browser, cast.siti)
    for path in ("/oauth/logout", f"/oauth/logout?client_id={cast.a.client_id}"):
        page = browser.get(path)
        assert page.page == "sign-out"
        assert browser.get("/keamanan").page == "security"
        assert (
            browser.request(
                "POST", "/oauth/logout", {"decision": "approve", "t": page.form("decision").fields["t"]}
            ).status
            == 403
        )
    done = browser.submit(page, page.form("decision"), decision="approve")
    assert done.page == "signed-out" and browser.get("/keamanan").page == "sign-in"


def test_c_172_logout_with_somebody_elses_hint(cast):
    attacker, browser = cast.browser(), cast.browser()
    hint = cast.a.sign_in(attacker, cast.budi).id_token
    cast.a.sign_in(browser, cast.siti)
    assert browser.get(f"/oauth/logout?{urlencode({'id_token_hint': hint})}").page == "sign-out"
    assert browser.get("/keamanan").page == "security"


@pytest.mark.parametrize(
    "query",
    [
        "post_logout_redirect_uri=javascript:alert(1)", f"state={quote('</script><script>')}",
        "ui_locales=%0d%0aSet-Cookie:x=1",
    ],
)  # fmt: skip
def test_c_174_logout_page_injection(cast, query):
    browser = cast.browser()
    cast.a.sign_in(browser, cast.siti)
    page = browser.get(f"/oauth/logout?{query}")
    assert page.location is None and "</script><script>" not in page.text
    assert "x=1" not in "".join(page.headers.getlist("Set-Cookie"))


def test_c_175_and_c_176_logout_reaches_everyone(cast):
    with a_sink() as first, a_sink() as second:
        city = City(cast.provider)
        one = city.client("satu", backchannel_logout_uri=f"{first.url}/out")
        two = city.client("dua", backchannel_logout_uri=f"{second.url}/out")
        city.build()
        browser = cast.browser()
        a = one.sign_in(browser, cast.siti)
        b = two.sign_in(browser, cast.siti)
        page = browser.get(f"/oauth/logout?id_token_hint={a.id_token}")
        tokens = []
        for client, sink, own in ((one, first, a), (two, second, b)):
            token = sink.wait_for(1)[0]["logout_token"][0]
            header, claims = client.validated(token)
            assert header["typ"] == "logout+jwt"
            assert (claims["aud"], claims["sid"], claims["sub"]) == (
                client.client_id,
                own.claims["sid"],
                own.claims["sub"],
            )
            assert "nonce" not in claims and claims["exp"] - claims["iat"] <= 120
            tokens.append(claims["jti"])
        assert len(set(tokens)) == 2
        assert one.refresh(a.refresh_token).status == 400 and two.refresh(b.refresh_token).status == 400
        time.sleep(0.5)
        shown = browser.get(page.url)
        assert "Aplikasi SATU" in shown.text and "Aplikasi DUA" in shown.text


def test_c_177_browser_messaging(cast):
    for page in pages(cast):
        assert "postMessage" not in page.text and "check_session" not in page.text
        assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.parametrize("behaviour", ["redirect", "slow", "error"])
def test_c_180_c_181_hostile_peers_of_deliveries(cast, behaviour):
    with a_sink() as sink, a_sink() as elsewhere:
        if behaviour == "redirect":
            sink.status, sink.headers = 302, {"Location": f"{elsewhere.url}/x"}
        elif behaviour == "slow":
            sink.delay = 8
        else:
            sink.status = 500
        city = City(cast.provider)
        client = city.client("peer", backchannel_logout_uri=f"{sink.url}/out")
        city.build()
        browser = cast.browser()
        tokens = client.sign_in(browser, cast.siti)
        began = time.monotonic()
        page = browser.get(f"/oauth/logout?id_token_hint={tokens.id_token}")
        assert time.monotonic() - began < 2, "delivery is not waited for"
        assert page.page == "signed-out"
        sink.wait_for(1)
        assert elsewhere.received == []


def test_c_178_internal_targets_are_refused_at_registration(own_provider):
    provider = own_provider(settings="", environment={"GAPURA_OUTBOUND__ALLOW": "192.0.2.0/24"})
    for number, target in enumerate(
        ["https://127.0.0.1/", "https://localhost/", "https://169.254.169.254/", "https://[::1]/", "https://[::ffff:127.0.0.1]/",
         "https://10.0.0.1/", "file:///etc/passwd", "gopher://x"]
    ):  # fmt: skip
        done = provider.run(
            "client", "add", f"dalam-{number}", "--name", "Dalam", "--redirect-uri", "https://d.test/cb",
            "--backchannel-logout-uri", target, code=None,
        )  # fmt: skip
        listed = provider.run("client", "list", "--json")
        assert f"dalam-{number}" not in listed, (target, done)


@pytest.mark.parametrize("path", ["/", "/masuk", "/oauth/authorize", "/keamanan"])
def test_c_183_unknown_host(cast, path):
    assert cast.browser().request("GET", path, headers={"Host": "evil.test"}).status in (400, 421)


def test_c_196_dynamic_registration_off(cast):
    wire = cast.a.wire()
    for path in ("/oauth/register", "/register", "/connect/register"):
        assert wire.request("POST", path, {"a": "b"}).status in (403, 404)
    assert "registration_endpoint" not in cast.a.metadata


@pytest.mark.parametrize(
    "value", ["'", '"', "\\", ";--", "%", "_", "' OR 1=1--", "x" * 10_000, "\u2028", "\x1b[31m"]
)
def test_c_212_and_c_211_odd_text_in_every_parameter(cast, value):
    browser = cast.browser()
    for name in (
        "state",
        "nonce",
        "login_hint",
        "ui_locales",
        "acr_values",
        "prompt",
        "max_age",
        "claims",
        "id_token_hint",
    ):
        _, answer = cast.a.authorize(browser, **{name: value})
        assert answer.status < 500
    page = browser.get("/masuk")
    fields = {**page.form("password").fields, "username": value[:400], "password": value}
    assert browser.request("POST", "/masuk", fields, headers={"X-Forwarded-For": "192.0.2.222"}).status < 500
    for name in ("code", "code_verifier", "redirect_uri", "refresh_token", "scope", "grant_type"):
        assert cast.a.post("/oauth/token", {"grant_type": "authorization_code", name: value}).status < 500
    for line in cast.provider.log.splitlines()[-20:]:
        json.loads(line)


@pytest.mark.parametrize("name", ["state", "ui_locales", "login_hint", "client_id"])
def test_c_216_response_splitting(cast, name):
    pending = cast.a.request(**{name: None})
    answer = cast.browser().request("GET", cast.a.url(pending, f"&{name}=a%0d%0aSet-Cookie:a=b"))
    assert "a=b" not in "".join(answer.headers.getlist("Set-Cookie"))
    assert "\n" not in (answer.location or "")


@pytest.mark.parametrize("size", [129, 50_000])
def test_c_218_long_passwords_are_refused_before_hashing(cast, size):
    before = cast.provider.metric("gapura_password_hashes_total")
    browser = cast.browser()
    page = browser.get("/masuk")
    began = time.monotonic()
    answer = browser.request(
        "POST", "/masuk", {**page.form("password").fields, "username": "x", "password": "p" * size}
    )
    assert answer.status in (400, 413, 422) and time.monotonic() - began < 0.5
    assert cast.provider.metric("gapura_password_hashes_total") == before


def test_c_219_normalisation_bomb(cast):
    browser = cast.browser()
    page = browser.get("/masuk")
    bomb = "a" + "\u0301\u0323" * 5_000
    began = time.monotonic()
    answer = browser.request(
        "POST", "/masuk", {**page.form("password").fields, "username": "x", "password": bomb}
    )
    assert answer.status in (400, 413, 422) and time.monotonic() - began < 0.5


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"&".join(b"a%d=1" % n for n in range(60_000)), "application/x-www-form-urlencoded"),
        (b"token=" + b"x" * 600_000, "application/x-www-form-urlencoded"),
        (b"\r" * 70_000, "multipart/form-data; boundary=x"),
    ],
)
def test_c_222_form_floods(cast, body, content_type):
    began = time.monotonic()
    answer = cast.a.wire().request("POST", "/oauth/token", body=body, headers={"Content-Type": content_type})
    assert answer.status in (400, 401, 413) and time.monotonic() - began < 0.5


def test_c_224_parsers(cast):
    browser = cast.browser()
    deep = "[" * 4000
    _, answer = cast.a.authorize(browser, claims='{"id_token":' + deep)
    assert answer.callback()["error"] == "invalid_request"
    many = "; ".join(f"c{n}=1" for n in range(5_000))
    assert cast.a.wire().request("GET", "/masuk", headers={"Cookie": many}).status in (200, 400, 431)


def test_c_228_compression_side_channel(cast):
    browser = cast.browser()
    tokens = {browser.get("/masuk").form("password").fields["csrf_token"] for _ in range(3)}
    assert len(tokens) == 3, "masked anew in each page"


def test_c_236_debug_and_banners(cast):
    browser = cast.browser()
    for path in ("/tidak-ada", "/console", "/masuk"):
        answer = browser.request("GET", path)
        assert "Werkzeug" not in answer.text and "Traceback" not in answer.text
        server = answer.headers.get("Server", "")
        assert not any(character.isdigit() for character in server)
    assert_error_page(browser.get("/console"))


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('environment = "production"\nissuer = "http://sso.kota.go.id"\n', "http is refused"),
        ('environment = "demo"\nissuer = "https://sso.kota.go.id"\n', "loopback"),
        ('issuer = "https://sso.kota.go.id"\n[server]\nbimd = "x"\n', 'did you mean "server.bind"'),
        ('issuer = "https://sso.kota.go.id/"\n', "trailing slash"),
        ('issuer = "https://sso.kota.go.id"\n[passwords]\nargon2_iterations = 0\n', "argon2_iterations"),
        ("issuer = \n", "not TOML"),
    ],
)
def test_c_237_refuse_to_start_wrongly_configured(tmp_path, toml, said):
    config = tmp_path / "config.toml"
    config.write_text(toml)
    done = subprocess.run(
        [GAPURA, "serve", "--config", str(config)], capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 2 and said in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_c_237_world_readable_or_short_secrets(own_provider):
    provider = own_provider(started=False)
    secret = provider.directory / "secrets/kek"
    secret.chmod(0o644)
    provider.run("serve", code=2)
    secret.chmod(0o600)
    secret.write_text("abcd")
    provider.run("serve", code=2)


def test_c_230_planned_rotation(own_provider):
    provider = own_provider()
    city = City(provider)
    siti, a = city.person(totp=False), city.client("a")
    city.build()
    before = a.sign_in(city.browser(), siti)
    prepared = json.loads(provider.run("key", "prepare", "--json"))
    kid = prepared["kid"]
    time.sleep(0.7)
    assert kid in a.wire().request("GET", "/.well-known/jwks.json").text, "published before it signs"
    provider.run("key", "activate", kid, code=4)
    provider.clock.forward(86_400 + 60)
    provider.run("key", "activate", kid)
    time.sleep(0.7)
    after = a.sign_in(city.browser(), siti)
    assert after.header["kid"] == kid != before.header["kid"]
    assert before.header["kid"] in a.wire().request("GET", "/.well-known/jwks.json").text, (
        "the old one still verifies"
    )


def test_c_231_emergency_rotation(own_provider):
    provider = own_provider()
    city = City(provider)
    siti, a = city.person(totp=False), city.client("a")
    city.build()
    browser = city.browser()
    before = a.sign_in(browser, siti)
    provider.run("key", "revoke", before.header["kid"], "--yes")
    time.sleep(0.8)
    assert before.header["kid"] not in a.wire().request("GET", "/.well-known/jwks.json").text
    assert browser.get(f"/oauth/logout?id_token_hint={before.id_token}").page == "sign-out", (
        "no longer a hint"
    )
    assert a.sign_in(city.browser(), siti).header["kid"] != before.header["kid"]


def test_c_239_randomness():
    for kind in Kind:
        values = [mint(kind) for _ in range(2_000)]
        assert len(set(values)) == len(values)
        assert all(len(value) == len(kind.value) + 44 for value in values)
        assert values != sorted(values)


def test_form_post_and_sign_in_reach_a_client_with_their_own_browser(cast):
    browser = cast.browser()
    pending = cast.b.request(response_mode="form_post", state=secrets.token_urlsafe(40))
    page = sign_in(browser, cast.siti, browser.get(cast.b.url(pending)))
    assert page.page == "form-post" and page.form("code").fields["state"] == pending.state
