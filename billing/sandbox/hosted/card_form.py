"""The form of the checkout page: what was typed, what is wrong with it, what it means."""

import re
from dataclasses import dataclass, field

from werkzeug.datastructures import MultiDict

from billing import clock
from billing.sandbox.cards import LISTED, Decline, TestCard, find_card
from billing.sandbox.contract import Json
from billing.sandbox.payments import Payer
from billing.sandbox.webhooks import Plan

_EXPIRY = re.compile(r"^\s*(\d{1,2})\s*/?\s*(\d{2}|\d{4})\s*$")
_CODE = re.compile(r"^\d{3,4}$")
CENTURY = 2000
DELAYS = {"before": 0.0, "5": 5.0, "60": 60.0, "never": None}
SETTLEMENTS = {"by hand": (None, True), "5": (5, True), "60": (60, True), "fails": (5, False)}


@dataclass(frozen=True)
class Options:
    """The sandbox's own choices: when and how the webhooks come, when late money settles."""

    webhooks: str = "before"
    twice: bool = False
    shuffled: bool = False
    settlement: str = "by hand"

    @classmethod
    def read(cls, form: MultiDict[str, str]) -> "Options":
        webhooks, settlement = form.get("webhooks", "before"), form.get("settlement", "by hand")
        return cls(
            webhooks if webhooks in DELAYS else "before",
            "twice" in form,
            "shuffled" in form,
            settlement if settlement in SETTLEMENTS else "by hand",
        )

    @property
    def plan(self) -> Plan:
        copies = 2 if self.twice else 1
        delay = DELAYS[self.webhooks]
        return Plan(delay_seconds=delay, copies=copies, is_shuffled=self.shuffled)

    @property
    def waits_for_webhooks(self) -> bool:
        return self.webhooks == "before"

    @property
    def settles_after(self) -> int | None:
        return SETTLEMENTS[self.settlement][0]

    @property
    def settles_well(self) -> bool:
        return SETTLEMENTS[self.settlement][1]


@dataclass
class CardForm:
    """The picker chooses the card unless another number was typed, so it works without script."""

    email: str
    is_email_known: bool
    preset: str = LISTED[0].number
    number: str = LISTED[0].shown
    expiry: str = "12 / 34"
    code: str = "123"
    name: str = "Test Buyer"
    country: str = "US"
    postal_code: str = "10001"
    nonce: str = ""
    promotion: str = ""
    options: Options = field(default_factory=Options)
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def first(cls, session: Json) -> "CardForm":
        """The form as it is shown first: one press pays."""
        known = (session["customer_details"] or {}).get("email")
        return cls(email=known or "", is_email_known=bool(known))

    @classmethod
    def read(cls, form: MultiDict[str, str], session: Json) -> "CardForm":
        self = cls.first(session)
        if not self.is_email_known:
            self.email = form.get("email", "").strip()
        for name in ("expiry", "code", "name", "country", "postal_code", "nonce"):
            setattr(self, name, form.get(name, "").strip())
        typed = form.get("number", "").strip()
        picked = find_card(form.get("preset", ""))
        is_typed = _digits(typed) != _digits(form.get("shown_number", ""))
        self.number = typed if is_typed or picked is None else picked.shown
        chosen = find_card(_digits(self.number)) if _digits(self.number) else None
        self.preset = chosen.number if chosen else ""
        self.options = Options.read(form)
        return self

    def with_card(self, card: TestCard, payer: Payer) -> "CardForm":
        """The form as it was when the bank was asked."""
        self.number, self.preset = card.shown, card.number
        self.expiry = f"{payer.expiry[0]:02d} / {payer.expiry[1] % 100:02d}"
        self.name, self.country = payer.name or "", payer.country or ""
        self.postal_code = payer.postal_code or ""
        return self

    @property
    def payer(self) -> Payer:
        return Payer(
            email=self.email,
            name=self.name,
            country=self.country or None,
            postal_code=self.postal_code or None,
            expiry=self._expiry() or (12, 2034),
        )

    def decline(self, decline: Decline) -> None:
        """Show why the card was refused; everything but the security code stays."""
        self.errors["code" if decline.code == "incorrect_cvc" else "number"] = decline.page_message
        self.code = ""

    def checked_card(self) -> TestCard | None:
        """The test card to pay with; what is wrong is in `errors`."""
        digits = _digits(self.number)
        card = find_card(digits) if len(digits) > 4 else None
        if card is None:
            self.errors["number"] = "Use one of the test cards. Real cards do not work here."
        if "@" not in self.email:
            self.errors["email"] = "Enter your email address, for example mara@example.com."
        if card is None or card.pays_later:
            return card
        self._check_expiry()
        if not _CODE.match(self.code):
            self.errors["code"] = "Enter the security code: 3 or 4 digits."
        if not self.name:
            self.errors["name"] = "Enter the name on the card."
        return card

    def _check_expiry(self) -> None:
        expiry, today = self._expiry(), clock.now()
        if expiry is None or not 1 <= expiry[0] <= 12:
            self.errors["expiry"] = "Enter the month and the year, for example 12 / 34."
        elif (expiry[1], expiry[0]) < (today.year, today.month):
            self.errors["expiry"] = "The expiry date is in the past."

    def _expiry(self) -> tuple[int, int] | None:
        match = _EXPIRY.match(self.expiry)
        if match is None:
            return None
        month, year = int(match.group(1)), int(match.group(2))
        return month, year if year >= CENTURY else year + CENTURY


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)
