"""Decorators for a host's views: who may use them, and what each use costs.

A metered view is paid by a hold: reserved before the view runs, settled when its answer is
complete, released when it raises, answers with an error, or its stream breaks off.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import Any, ParamSpec, TypeVar

import structlog
from flask import Flask, Response, current_app, g

from billing.errors import FeatureNotInTier, HoldClosed
from billing.services import holds
from billing.services.entitlements import can_access_feature
from billing.services.holds import TTL_SECONDS, HeldRequest
from billing.web import host

log = structlog.get_logger(__name__)

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(slots=True)
class MeteredRequest:
    """The hold of the running view; set `quantity` to what the work really came to."""

    held: HeldRequest
    quantity: int
    app: Flask

    def settle(self) -> None:
        """Charge the quantity; the answer is complete, so a hold that is gone stops nothing."""
        with self.app.app_context():
            try:
                self.held.settle(self.quantity)
            except HoldClosed:
                log.exception("hold.settled_too_late", hold=self.held.id)

    def release(self) -> None:
        """Give everything back."""
        with self.app.app_context():
            try:
                self.held.release()
            except HoldClosed:
                log.info("hold.released_already", hold=self.held.id)


def requires_feature(feature_key: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let only users whose tier includes the feature call the view.

    Raises:
        NotAuthenticated: nobody is logged in.
        FeatureNotInTier: the tier of who is asking does not include it.
    """

    def _decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def _guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            with host.acting_user() as user:
                if not can_access_feature(user, feature_key):
                    raise FeatureNotInTier(
                        f"Your plan does not include {feature_key!r}.", feature=feature_key
                    )
            return view(*args, **kwargs)

        return _guarded

    return _decorate


def meters_ai_request(
    feature_key: str, quantity: int = 1, *, ttl_seconds: int = TTL_SECONDS
) -> Callable[[Callable[P, Any]], Callable[P, Response]]:
    """Charge who calls the view, once its answer is complete.

    Args:
        feature_key: a metered feature.
        quantity: the most that one call may come to; `metered_request().quantity` says what it was.
        ttl_seconds: how long the answer may take.

    Raises:
        NotAuthenticated: nobody is logged in.
        InsufficientTokens, FeatureNotInTier, UnknownFeature: as for recording it.
    """

    def _decorate(view: Callable[P, Any]) -> Callable[P, Response]:
        @wraps(view)
        def _metered(*args: P.args, **kwargs: P.kwargs) -> Response:
            metered = g.billhook_metered = _hold(feature_key, quantity, ttl_seconds)
            try:
                response = current_app.make_response(view(*args, **kwargs))
            except BaseException:
                metered.release()
                raise
            return _settle_with(response, metered)

        return _metered

    return _decorate


def metered_request() -> MeteredRequest:
    """Return the hold of the running view; a stream takes it before it begins."""
    metered: MeteredRequest = g.billhook_metered
    return metered


def _hold(feature_key: str, quantity: int, ttl_seconds: int) -> MeteredRequest:
    with host.acting_user() as user:
        held = holds.hold(user, feature_key, quantity, ttl_seconds=ttl_seconds)
        return MeteredRequest(held, quantity, current_app._get_current_object())  # type: ignore[attr-defined]


def _settle_with(response: Response, metered: MeteredRequest) -> Response:
    if response.status_code >= HTTPStatus.BAD_REQUEST:
        metered.release()
    elif response.is_streamed:
        response.response = MeteredStream(response.response, metered)
    else:
        metered.settle()
    return response


class MeteredStream:
    """A streamed body that is paid at its end, and given back when it breaks off before."""

    def __init__(self, body: Iterable[Any], metered: MeteredRequest) -> None:
        self._body = body
        self._parts = iter(body)
        self._metered = metered
        self._is_open = True

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            return next(self._parts)
        except StopIteration:
            self._finish(self._metered.settle)
            raise
        except BaseException:
            self._finish(self._metered.release)
            raise

    def close(self) -> None:
        """End the body; the server calls it, also when the client has gone away."""
        try:
            getattr(self._body, "close", lambda: None)()
        finally:
            self._finish(self._metered.release)

    def _finish(self, end: Callable[[], None]) -> None:
        if self._is_open:
            self._is_open = False
            end()
