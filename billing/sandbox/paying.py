"""An open checkout session meets a test card: it is paid, or in setup mode keeps the card."""

from billing.sandbox import clocks, payments, session_terms, setups
from billing.sandbox.cards import NOT_AUTHENTICATED, Decline, TestCard
from billing.sandbox.contract import Json
from billing.sandbox.errors import ApiError, no_such
from billing.sandbox.payments import Payer
from billing.sandbox.purchase import Attempt, Purchase, Result
from billing.sandbox.unit import Unit


def attempt(unit: Unit, session: Json, card: TestCard, payer: Payer) -> Attempt:
    """Pay an open session with a test card, or have it keep the card in setup mode."""
    _enter(unit, session)
    session = session_terms.move_to(unit, session, payer.country)
    return _KINDS[session["mode"]](unit, session, card, payer).run()


def authenticate(
    unit: Unit, session: Json, card: TestCard, payer: Payer, *, approved: bool
) -> Attempt:
    """Answer the bank's question that an attempt with a 3-D Secure card left open."""
    _enter(unit, session)
    purchase = _KINDS[session["mode"]](unit, session, card, payer)
    return purchase.succeed() if approved else purchase.refuse(NOT_AUTHENTICATED)


def _enter(unit: Unit, session: Json) -> None:
    """An open session is paid at the time of its customer's test clock, unless it was deleted."""
    customer_id = session["customer"]
    if customer_id and unit.get("customer", customer_id).get("deleted"):
        raise no_such("customer", customer_id, param="customer", status=400)
    clocks.enter(unit, session)
    if session["status"] != "open":
        raise ApiError(f"{session['id']} is {session['status']}: it cannot be paid.")


class _CardKeeping(Purchase):
    """One buyer leaving a card with a session that sells nothing."""

    def run(self) -> Attempt:
        method = payments.create_method(self.unit, self.card, self.payer, None)
        setup = self.unit.get("setup_intent", self.session["setup_intent"])
        if self.card.decline:
            setups.confirm(self.unit, setup, method)
            return Attempt(Result.DECLINED, self.card.decline)
        if self.card.needs_authentication:
            setups.confirm(self.unit, setup, method)
            return Attempt(Result.NEEDS_AUTHENTICATION)
        customer = self._own(setup)
        setups.confirm(self.unit, self.unit.get("setup_intent", setup["id"]), method)
        return self._finish(customer)

    def refuse(self, decline: Decline) -> Attempt:
        setup = self.unit.get("setup_intent", self.session["setup_intent"])
        setups.authenticate(self.unit, setup, approved=False)
        return Attempt(Result.DECLINED, decline)

    def succeed(self) -> Attempt:
        setup = self.unit.get("setup_intent", self.session["setup_intent"])
        customer = self._own(setup)
        setup = self.unit.get("setup_intent", setup["id"])
        setups.authenticate(self.unit, setup, approved=True)
        return self._finish(customer)

    def _own(self, setup: Json) -> Json | None:
        """The customer that the card is kept for, made now where the session asked for it."""
        customer, is_new = self._customer()
        if customer and is_new:
            self.unit.emit("customer.created", customer)
        self.unit.change(setup, {"customer": customer and customer["id"]})
        return customer

    def _finish(self, customer: Json | None) -> Attempt:
        self._complete(customer, {})
        return Attempt(Result.PAID)


_KINDS = {"payment": Purchase, "setup": _CardKeeping, "subscription": Purchase}
