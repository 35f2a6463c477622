"""Perizinan, an example application: sign-in, roles, a call to an API, sign-out in both directions."""
