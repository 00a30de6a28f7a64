"""Events of AWS and of FC, in both directions, with what is lost and what is derived. Pure; Python 3.9."""

from .http_answer import to_aws as answer_to_aws
from .http_answer import to_fc as answer_to_fc
from .model import (
    AWS_KINDS,
    HTTP_KINDS,
    VERSION,
    Derived,
    Kind,
    Loss,
    Setting,
    Translated,
    Untranslatable,
    setting_from,
)
from .recognise import recognise
from .translate import COUNTERPARTS, to_aws, to_fc

__all__ = [
    "AWS_KINDS",
    "COUNTERPARTS",
    "HTTP_KINDS",
    "VERSION",
    "Derived",
    "Kind",
    "Loss",
    "Setting",
    "Translated",
    "Untranslatable",
    "answer_to_aws",
    "answer_to_fc",
    "recognise",
    "setting_from",
    "to_aws",
    "to_fc",
]
