"""Why a token was refused, and what the answer to its bearer looks like (RFC 6750 §3).

The text of an error is meant for the log of the application. The bearer learns the code and a short
sentence, never what the token contained.
"""

from collections.abc import Iterable


class TokenError(Exception):
    """A request that is not let through.

    ``status`` is the HTTP status of the answer, ``code`` the RFC 6750 §3.1 error code (empty where that
    section wants none), ``public`` the sentence that may be shown to the caller.
    """

    status = 401
    code = "invalid_token"
    public = "The access token is not valid here"

    def www_authenticate(self, realm: str = "api") -> str:
        """The value of the ``WWW-Authenticate`` header (RFC 6750 §3)."""
        parts = [f'Bearer realm="{realm}"']
        if self.code:
            parts += [f'error="{self.code}"', f'error_description="{self.public}"']
        return ", ".join(parts)


class MissingToken(TokenError):
    """No bearer token came with the request: a challenge without an error code (RFC 6750 §3.1)."""

    code = ""
    public = "An access token is needed"


class InvalidRequest(TokenError):
    """The token was sent in a way that is not accepted, or more than once (RFC 6750 §2, §3.1)."""

    status = 400
    code = "invalid_request"
    public = "Send one access token, in the Authorization header"


class InvalidToken(TokenError):
    """The token is expired, forged, or for somebody else; the subclasses say which (RFC 6750 §3.1)."""


class MalformedToken(InvalidToken):
    """Not a compact JWS of JSON objects, or a header we do not accept (RFC 7515 §3.1, §4.1.11)."""


class TokenTooLarge(InvalidToken):
    """Longer than any token of the provider; refused before it is decoded."""


class WrongTokenType(InvalidToken):
    """The ``typ`` header names another kind of token (RFC 9068 §4, RFC 8725 §3.11)."""


class AlgorithmNotAllowed(InvalidToken):
    """The ``alg`` header is not on the list of allowed signature algorithms (RFC 8725 §3.1)."""


class UnknownKey(InvalidToken):
    """The provider publishes no key with this ``kid`` for this algorithm."""


class BadSignature(InvalidToken):
    """The signature does not belong to the key and the content (RFC 7515 §5.2)."""


class WrongIssuer(InvalidToken):
    """``iss`` is not exactly our provider (RFC 9068 §4)."""


class WrongAudience(InvalidToken):
    """``aud`` is not exactly us (RFC 9068 §4)."""


class TokenExpired(InvalidToken):
    """``exp`` has passed."""

    public = "The access token has expired"


class TokenNotYetValid(InvalidToken):
    """``nbf`` or ``iat`` lies in the future by more than the leeway."""


class LifetimeTooLong(InvalidToken):
    """The token lives longer than the provider ever issues: a forgery or a fault."""


class ClaimInvalid(InvalidToken):
    """A claim is missing or has the wrong JSON type; the text names it (RFC 9068 §2.2)."""


class ReplayedToken(InvalidToken):
    """A logout token that was used before (OpenID Connect Back-Channel Logout 1.0 §2.6)."""


class InsufficientScope(TokenError):
    """The token is good but does not carry the scopes the resource asks for (RFC 6750 §3.1)."""

    status = 403
    code = "insufficient_scope"
    public = "The access token does not carry the needed scope"

    def __init__(self, needed: Iterable[str]) -> None:
        self.needed = tuple(needed)
        super().__init__(f"needs the scope {' '.join(self.needed)}")

    def www_authenticate(self, realm: str = "api") -> str:
        """The challenge, with the ``scope`` attribute that names what is needed."""
        return f'{super().www_authenticate(realm)}, scope="{" ".join(self.needed)}"'


class KeysUnavailable(TokenError):
    """The provider's keys could not be fetched and none are left: the fault is not the bearer's."""

    status = 503
    code = "temporarily_unavailable"
    public = "Tokens cannot be checked at the moment"
