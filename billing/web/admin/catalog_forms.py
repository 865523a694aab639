"""The forms of tiers and packages, with amounts as the reader writes them."""

from typing import Any, ClassVar

from babel.numbers import format_decimal, is_currency
from wtforms import BooleanField, Field, IntegerField, SelectMultipleField, StringField
from wtforms.validators import (
    AnyOf,
    DataRequired,
    InputRequired,
    Length,
    NumberRange,
    Optional,
    Regexp,
    ValidationError,
)

from billing.domain.catalog import PackageEntry, TierEntry
from billing.domain.catalog_fields import MAX_TOKENS, SLUG
from billing.domain.interval import Interval
from billing.domain.languages import DEFAULT_LOCALE, LOCALES
from billing.domain.money import Money
from billing.domain.prices import find_problem
from billing.errors import InvalidInput
from billing.models import Feature, SubscriptionTier, TokenPackage
from billing.services.tier_migrations import When
from billing.web.admin.amounts import MAX_MINOR, read_minor_units
from billing.web.forms import Form
from billing.web.language import _, current_locale, translate
from billing.web.language import lazy_gettext as _l

MAX_TRIAL_DAYS, MAX_MONTHS, MAX_RANK = 730, 120, 1_000_000
STEPS = ("check", "edit", "save")
DESCRIPTIONS_IN = {f"description_{locale}": locale for locale in LOCALES.keys() - {DEFAULT_LOCALE}}
"""The fields that hold a tier's description in the other languages of the pages."""


def _line(text: str | None) -> str:
    return " ".join((text or "").replace("\0", "").split())


def _text(message: str, longest: int = 100) -> StringField:
    return StringField(
        filters=[_line],
        validators=[
            DataRequired(message=message),
            Length(max=longest, message=_l("Write at most %(num)s characters", num=longest)),
        ],
    )


def _description() -> StringField:
    too_long = Length(max=300, message=_l("Write at most 300 characters"))
    return StringField(filters=[_line], validators=[too_long])


class WholeNumberField(IntegerField):  # type: ignore[misc]
    """A whole number that says in our words what else was typed."""

    def __init__(
        self,
        message: str,
        *,
        least: int = 0,
        most: int = MAX_TOKENS,
        is_optional: bool = False,
        **bound: Any,
    ) -> None:
        presence = Optional() if is_optional else InputRequired(message=message)
        in_range = NumberRange(least, most, message=message)
        super().__init__(validators=[presence, in_range], **bound)
        self.message = message

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the number."""
        try:
            super().process_formdata([value.strip() for value in valuelist])
        except ValueError as error:
            raise ValueError(self.message) from error


class CatalogForm(Form):
    """What both have: a name for addresses, a name for people, a currency, and the step."""

    slug = StringField(
        filters=[_line],
        validators=[Regexp(SLUG, message=_l("Use small letters, digits, - and _, at most 64"))],
    )
    name = _text(_l("Enter a name"))
    currency = StringField(
        filters=[lambda text: _line(text).upper()],
        validators=[DataRequired(message=_l("Enter a currency, like USD"))],
    )
    step = StringField(default="check", validators=[AnyOf(STEPS)])

    def validate_currency(self, field: Field) -> None:
        """Refuse what is no currency, before amounts are read in it."""
        if not is_currency(field.data or ""):
            raise ValidationError(_("Enter a currency, like USD"))

    @property
    def typed(self) -> list[tuple[str, str]]:
        """Return every value that was posted but for the step, to be posted once more."""
        return [
            (field.name, value)
            for field in self
            if field.name not in {"step", "csrf_token"}
            for value in field.raw_data or ()
        ]

    def take_refusal(self, error: InvalidInput) -> None:
        """Show at their fields which rules of the catalog are broken."""
        errors: Any = error.members["errors"]
        translated = {name: translate(message) for name, message in errors.items()}
        self.take_errors(InvalidInput(error.detail, errors=translated))

    def minor_units(self, field: Field) -> int:
        """Return the amount in minor units; 0, with an error at the field, where it is none."""
        minor = read_minor_units(field.data or "", self.currency.data)
        if minor is None:
            self._complain(field, _("Enter an amount, like %(amount)s", amount=_written(_EXAMPLE)))
            return 0
        if minor != minor.to_integral_value() or not 0 <= minor < MAX_MINOR:
            exponent = Money(0, self.currency.data).exponent
            self._complain(
                field,
                _("%(currency)s has no decimals", currency=self.currency.data)
                if exponent == 0
                else _(
                    "%(currency)s has at most %(num)s decimals",
                    currency=self.currency.data,
                    num=exponent,
                ),
            )
            return 0
        problem = find_problem(Money(int(minor), self.currency.data))
        if problem is not None:
            self._complain(field, translate(problem.sentence))
        return int(minor)

    def _complain(self, field: Field, message: str) -> None:
        field.errors = [*field.errors, message]


class TierForm(CatalogForm):
    """A tier with its terms; no number of requests is unlimited."""

    descriptions_in: ClassVar = DESCRIPTIONS_IN
    description = _description()
    rank = WholeNumberField(_l("Enter a whole number from 0 on"), most=MAX_RANK)
    price_month = _text(_l("Enter an amount; 0 is free"), 30)
    price_year = _text(_l("Enter an amount; 0 is free"), 30)
    ai_requests_per_month = WholeNumberField(
        _l("Enter a whole number, or nothing"), is_optional=True
    )
    trial_days = WholeNumberField(_l("Enter a number of days from 0 to 730"), most=MAX_TRIAL_DAYS)
    features = SelectMultipleField(validate_choice=False)
    default = BooleanField()
    seen = IntegerField(validators=[Optional()])

    @classmethod
    def of(cls, tier: SubscriptionTier) -> "TierForm":
        """Return the form as the tier is now."""
        terms = tier.current_version
        return cls(
            data={
                "slug": tier.slug,
                "name": tier.name,
                "description": tier.description,
                **{
                    name: tier.description_in.get(locale)
                    for name, locale in DESCRIPTIONS_IN.items()
                },
                "rank": tier.rank,
                "currency": terms.currency,
                "price_month": _written(terms.price(Interval.MONTH)),
                "price_year": _written(terms.price(Interval.YEAR)),
                "ai_requests_per_month": terms.ai_requests_per_month,
                "trial_days": terms.trial_days,
                "features": [feature.key for feature in terms.features],
                "default": tier.is_default,
                "seen": terms.version,
            }
        )

    def entry(self) -> TierEntry:
        """Return what the form says; `problems` tells whether it can be."""
        return TierEntry(
            name=self.name.data,
            description=self.description.data or "",
            description_in={
                locale: self[name].data
                for name, locale in DESCRIPTIONS_IN.items()
                if self[name].data
            },
            rank=self.rank.data,
            default=self.default.data,
            currency=self.currency.data,
            price_month=self.minor_units(self.price_month),
            price_year=self.minor_units(self.price_year),
            ai_requests_per_month=self.ai_requests_per_month.data,
            trial_days=self.trial_days.data,
            features=tuple(dict.fromkeys(self.features.data or ())),
        )

    def has(self, feature: Feature) -> bool:
        return feature.key in (self.features.data or ())


for _name in DESCRIPTIONS_IN:
    setattr(TierForm, _name, _description())


class PackageForm(CatalogForm):
    """A token package; without a number of months its tokens never expire."""

    tokens = WholeNumberField(_l("Enter a whole number from 1 on"), least=1)
    bonus_tokens = WholeNumberField(_l("Enter a whole number from 0 on"))
    price = _text(_l("Enter an amount"), 30)
    expires_after_months = WholeNumberField(
        _l("Enter 1 to 120 months, or nothing"), least=1, most=MAX_MONTHS, is_optional=True
    )

    @classmethod
    def of(cls, package: TokenPackage) -> "PackageForm":
        """Return the form as the package is now."""
        return cls(
            data={
                "slug": package.slug,
                "name": package.name,
                "currency": package.currency,
                "tokens": package.tokens,
                "bonus_tokens": package.bonus_tokens,
                "price": _written(package.price),
                "expires_after_months": package.expires_after_months,
            }
        )

    def entry(self) -> PackageEntry:
        """Return what the form says; `problems` tells whether it can be."""
        return PackageEntry(
            name=self.name.data,
            tokens=self.tokens.data,
            bonus_tokens=self.bonus_tokens.data,
            currency=self.currency.data,
            price=self.minor_units(self.price),
            expires_after_months=self.expires_after_months.data,
        )


class MigrationForm(Form):
    """To which version subscribers move, and when those who pay do."""

    WHEN: ClassVar = (
        (When.RENEWAL, _l("When their paid period ends")),
        (When.NOW, _l("Now, without a charge for the time that is paid")),
    )

    version = IntegerField(validators=[InputRequired(message=_l("Choose a version"))])
    when = StringField(
        default=When.RENEWAL,
        validators=[AnyOf([each.value for each in When], message=_l("Choose when"))],
    )


_EXAMPLE = Money(1900, "USD")


def _written(money: Money) -> str:
    """Return the amount as the reader types it: "19.00", "19,00", "1900"."""
    pattern = "0." + "0" * money.exponent if money.exponent else "0"
    return str(format_decimal(money.amount, format=pattern, locale=current_locale()))
