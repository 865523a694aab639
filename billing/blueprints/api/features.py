"""What a user may use."""

from billing.blueprints.api.documents import FeatureDocument
from billing.errors import AccountInactive, UnknownFeature, UserNotFound
from billing.services import feature_access
from billing.services.feature_access import FeatureAccess
from billing.web.api.call import Call
from billing.web.api.declaration import Section
from billing.web.api.documents import Listing, UserQuery

section = Section("Features")


@section.get("/features", raises=(UserNotFound, AccountInactive))
def list_features(call: Call, query: UserQuery) -> Listing[FeatureDocument]:  # noqa: ARG001
    """List every feature, and whether the user may use it."""
    found = feature_access.list_access(call.load_user())
    return Listing(data=[_document(access) for access in found], next_cursor=None)


@section.get("/features/<feature>", raises=(UnknownFeature, UserNotFound, AccountInactive))
def get_feature(call: Call, query: UserQuery, feature: str) -> FeatureDocument:  # noqa: ARG001
    """Say whether the user may use one feature. This charges nothing."""
    return _document(feature_access.get_access(call.load_user(), feature))


def _document(access: FeatureAccess) -> FeatureDocument:
    return FeatureDocument(
        feature=access.feature.key,
        allowed=access.allowed,
        reason=access.reason,
        name=access.feature.name,
        metered=access.feature.is_metered,
        token_cost=access.feature.token_cost,
    )
