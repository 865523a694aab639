#!/bin/sh
# The web app as production runs it: granian, which stands idle clients and drains on SIGTERM.
# A worker a core: the threads of one share an interpreter, which a charge keeps busy longer than it
# waits for the database. docs/decisions/0006 has the figures.
set -eu
exec granian --interface wsgi --host "${HOST:-0.0.0.0}" --port "${PORT:-8000}" \
    --workers "${WEB_WORKERS:-2}" --blocking-threads "${WEB_THREADS:-4}" \
    --workers-kill-timeout 30 --no-ws --log-level warning wsgi:app
