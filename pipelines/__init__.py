"""Prefect flows and the ``payrisk`` command: they wire what the packages below do."""
