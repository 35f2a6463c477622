"""e-Office, an example application: sign-in, roles, sign-out in both directions."""
