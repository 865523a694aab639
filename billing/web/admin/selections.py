"""Which rows of a list an action is for: the ticked ones, or all that match the URL's filters."""

from collections.abc import Sequence
from typing import TypeVar

from flask import request

from billing.errors import NothingToChange
from billing.messages import Message
from billing.services.admin import listing as lists
from billing.services.users import MAX_ID
from billing.web.admin.list_state import read_state
from billing.web.admin.list_view import Action, ListView

Row = TypeVar("Row")


def selected_action(view: ListView[Row]) -> Action:
    """Return the action whose button was pressed.

    Raises:
        NothingToChange: it is none of the list's.
    """
    wanted = request.args.get("action")
    found = next((action for action in view.actions if action.name == wanted), None)
    if found is None:
        raise NothingToChange(Message("Choose what to do with what you ticked."))
    return found


def selected_rows(view: ListView[Row]) -> Sequence[Row]:
    """Return the rows that the URL names.

    Raises:
        NothingToChange: there are none.
        InvalidInput: they are more than one action may change.
    """
    listing = view.listing()
    if request.args.get("all"):
        rows = lists.select_matching(listing, read_state(listing, view.default_sort).query)
    else:
        ticked = [each for each in request.args.getlist("id") if each.isascii() and each.isdigit()]
        rows = lists.select_ids(listing, [int(each) for each in ticked if int(each) <= MAX_ID])
    if not rows:
        raise NothingToChange(Message("Nothing was selected. Tick something first."))
    return rows
