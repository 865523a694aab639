"""Where the search on top leads: to the one record that it names, else to the list of users."""

from flask import url_for

from billing.services.admin import search
from billing.services.admin.search import Found
from billing.web.admin.list_state import MAX_TEXT_LENGTH

# The page of a record of each kind, by our id of it.
PAGES = {Found.USER: "admin.user", Found.WEBHOOK_EVENT: "admin.event"}


def address_of(text: str) -> str:
    """Return the address of the page that the text leads to.

    Args:
        text: as it was typed.
    """
    hit = search.find(text)
    if hit is None or hit.kind not in PAGES:
        return url_for("admin.users", q=text.strip()[:MAX_TEXT_LENGTH])
    return url_for(PAGES[hit.kind], record_id=hit.id)
