"""Ids in the addresses of the desk: whole numbers that a row can have; anything else is a 404."""

from flask.sansio.blueprints import BlueprintSetupState
from werkzeug.routing import IntegerConverter, Map

from billing.services.users import MAX_ID


class RecordIntegerConverter(IntegerConverter):
    """`<record:record_id>`: no number that the database could not hold."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, min=1, max=MAX_ID)


def register(state: BlueprintSetupState) -> None:
    """Let the routes that follow use it."""
    state.app.url_map.converters["record"] = RecordIntegerConverter
