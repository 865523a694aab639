"""The layer under the JSON API: routes are declared once, and checked and documented from that."""
