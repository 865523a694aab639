#!/bin/sh
# The web app as production runs it: granian, which stands idle clients and drains on SIGTERM.
# One worker with threads did as well as two on two cores that the database shares; the threads
# wait for the database. docs/operations.md has the figures.
set -eu
exec granian --interface wsgi --host "${HOST:-0.0.0.0}" --port "${PORT:-8000}" \
    --workers "${WEB_WORKERS:-1}" --blocking-threads "${WEB_THREADS:-8}" \
    --workers-kill-timeout 30 --no-ws --log-level warning wsgi:app
