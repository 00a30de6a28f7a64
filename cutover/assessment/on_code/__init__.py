"""Rules on a function's code: one small module each, all reading the same parsed view."""

from cutover.assessment.on_code import (
    after_answer,
    contents,
    context_members,
    custom_resource,
    databases,
    downgrades,
    durable,
    event_fields,
    handler_form,
    hardcoded,
    lambda_calls,
    mixed,
    modules,
    native,
    observability,
    sdk,
    servers,
    state,
    surroundings,
    upgrades,
)

ON_PACKAGE = (contents, handler_form, native, upgrades)
"""Rules on the package as a whole."""
RULES = (
    context_members,
    event_fields,
    sdk,
    lambda_calls,
    surroundings,
    hardcoded,
    state,
    after_answer,
    servers,
    mixed,
    modules,
    databases,
    observability,
    downgrades,
    durable,
    custom_resource,
)
"""Rules on the files that the handler loads."""

__all__ = ["ON_PACKAGE", "RULES"]
