"""The WSGI entry point: `flask --app wsgi`, granian and gunicorn load `app` from here."""

from billing import create_app

app = create_app()
