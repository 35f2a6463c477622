"""API Izin, an example of an API that accepts access tokens of Gapura."""
