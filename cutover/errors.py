"""The error tree. A docstring says what happened and what to do next; it is the default message.

No message ever carries a payload, an environment value or a credential.
"""

from __future__ import annotations

from collections.abc import Sequence


class CutoverError(Exception):
    """Something went wrong in Cutover."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").strip().splitlines()[0])


class RuleError(CutoverError):
    """A rule of the journey forbids this."""


class IllegalTransition(RuleError):
    """This step is not possible from the function's present phase. Nothing was changed."""


class StaleState(RuleError):
    """Somebody else changed this meanwhile. Nothing was done; look again and decide anew."""


class UnsafePlan(RuleError):
    """The plan cannot be carried out safely. Nothing was changed."""


class OperationRunning(RuleError):
    """Another operation is running on this function. Wait for it, or roll back, which goes first."""


class GuardNotMet(RuleError):
    """One or more guards are not met; each reason says what to do. Nothing was changed."""

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__(" ".join(self.reasons))


class BadInput(RuleError):
    """The input cannot be used. Nothing was changed."""


class CloudError(CutoverError):
    """A cloud did not do what was asked.

    Args:
        cloud: ``aws`` or ``alibaba``.
        operation: the vendor's name of the call, e.g. ``lambda:UpdateAlias``.
        request_id: the vendor's request id, empty when no answer came.
        code: the vendor's error code, empty when none.
    """

    def __init__(
        self, message: str = "", *, cloud: str, operation: str, request_id: str = "", code: str = ""
    ) -> None:
        self.cloud, self.operation, self.request_id, self.code = cloud, operation, request_id, code
        text = message or (type(self).__doc__ or "").strip().splitlines()[0]
        super().__init__(f"{operation}: {text}")


class TransientCloudError(CloudError):
    """The cloud could not answer just now; the same call may succeed later."""


class Throttled(TransientCloudError):
    """The cloud asked to slow down (429). It is tried again by itself."""


class Unavailable(TransientCloudError):
    """The cloud answered with an error of its own (5xx). It is tried again by itself."""


class NoAnswer(TransientCloudError):
    """No answer came in time, so the call may or may not have taken effect. It is read back first."""


class PermanentCloudError(CloudError):
    """The cloud refused, and will refuse again until something changes."""


class NotFound(PermanentCloudError):
    """The resource does not exist in this account and region. Check the name and the connection."""


class AlreadyExists(PermanentCloudError):
    """A resource of this name exists already and is not Cutover's."""


class Denied(PermanentCloudError):
    """The credentials may not do this. `check` prints the policy that is missing."""


class Invalid(PermanentCloudError):
    """The cloud says the request is not valid."""


class Conflict(PermanentCloudError):
    """Somebody else changed this resource meanwhile: its revision is not the one read. Nothing was done."""


class QuotaExceeded(PermanentCloudError):
    """A quota of the account is used up. Raise it, or free something."""


class UnsupportedFeature(CutoverError):
    """This side cannot do what the function needs."""

    def __init__(self, cloud: str, feature: str, remedy: str = "") -> None:
        self.cloud, self.feature = cloud, feature
        super().__init__(f"{cloud}: {feature}." + (f" {remedy}" if remedy else ""))
