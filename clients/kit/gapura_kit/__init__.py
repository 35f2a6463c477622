"""What applications behind Gapura need: access tokens, logout tokens, sessions that can be ended."""

from .access_tokens import AccessToken, AccessTokens
from .errors import (
    AlgorithmNotAllowed,
    BadSignature,
    ClaimInvalid,
    InsufficientScope,
    InvalidRequest,
    InvalidToken,
    KeysUnavailable,
    LifetimeTooLong,
    MalformedToken,
    MissingToken,
    ReplayedToken,
    TokenError,
    TokenExpired,
    TokenNotYetValid,
    TokenTooLarge,
    UnknownKey,
    WrongAudience,
    WrongIssuer,
    WrongTokenType,
)
from .keys import ProviderKeys
from .logout_tokens import LogoutToken, LogoutTokens, MemoryReplays, Replays
from .roles import role_names
from .sessions import SessionStore

__all__ = [
    "AccessToken",
    "AccessTokens",
    "AlgorithmNotAllowed",
    "BadSignature",
    "ClaimInvalid",
    "InsufficientScope",
    "InvalidRequest",
    "InvalidToken",
    "KeysUnavailable",
    "LifetimeTooLong",
    "LogoutToken",
    "LogoutTokens",
    "MalformedToken",
    "MemoryReplays",
    "MissingToken",
    "ProviderKeys",
    "ReplayedToken",
    "Replays",
    "SessionStore",
    "TokenError",
    "TokenExpired",
    "TokenNotYetValid",
    "TokenTooLarge",
    "UnknownKey",
    "WrongAudience",
    "WrongIssuer",
    "WrongTokenType",
    "role_names",
]
