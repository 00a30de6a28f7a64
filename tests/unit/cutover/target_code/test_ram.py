"""The RAM policy: the meeting of what is called and what is allowed, and nothing wider."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.target_code import Basis, RamPolicy, RoleStatement, TwinName, ram_policy
from tests.unit.cutover.target_code.guide import ACCOUNT, QUEUE, REGION, allow, basis, call, trigger

PHOTOS = TwinName(kind="bucket", aws="photos", alibaba="photos-1432")
OBJECTS = f"acs:oss:*:{ACCOUNT}:photos-1432/*"


def policy(**fields: Any) -> RamPolicy:
    return ram_policy(basis(**fields))


def actions(found: RamPolicy) -> dict[str, tuple[str, ...]]:
    """Action -> resources, without the line on logs that is always there."""
    pairs = [(action, one.resources) for one in found.lines for action in one.actions]
    return {action: resources for action, resources in pairs if not action.startswith("log:")}


def why(found: RamPolicy, what: str) -> str:
    return " ".join(one.why for one in found.left_out if what in one.what)


def test_it_names_the_place_in_the_code_and_the_statement_of_the_role() -> None:
    found = policy(
        calls=(call("s3", "getObject", 12, "src/read.js"),),
        statements=(allow("photos", ("s3:GetObject",), "arn:aws:s3:::photos/*"),),
        twins=(PHOTOS,),
    )

    (line,) = [one for one in found.lines if "oss:GetObject" in one.actions]
    assert line.resources == (OBJECTS,)
    assert line.reasons == (
        "oss:GetObject: src/read.js:12 calls getObject; photos allows s3:GetObject on arn:aws:s3:::photos/*",
    )


@pytest.mark.parametrize("operation", ["putObject", "put_object", "PutObject"])
def test_all_sdks_name_one_call(operation: str) -> None:
    found = policy(calls=(call("s3", operation),), statements=None, twins=(PHOTOS,))

    assert actions(found) == {"oss:PutObject": (OBJECTS,)}


def test_what_the_role_allows_and_the_code_does_not_call_is_left_out() -> None:
    found = policy(
        calls=(call("s3", "getObject"),),
        statements=(allow("wide", ("s3:GetObject", "s3:DeleteObject"), "arn:aws:s3:::photos/*"),),
        twins=(PHOTOS,),
    )

    assert set(actions(found)) == {"oss:GetObject"}
    assert why(found, "s3:DeleteObject") == "the code does not call it"


def test_what_the_code_calls_and_the_role_does_not_allow_is_left_out() -> None:
    found = policy(calls=(call("s3", "deleteObject"),), statements=(), twins=(PHOTOS,))

    assert actions(found) == {}
    assert why(found, "s3:DeleteObject") == "the role does not allow it on AWS"


def test_a_wildcard_gives_a_line_for_what_is_called_and_for_nothing_else() -> None:
    wide = (allow("admin", ("s3:*", "*"), "*"),)

    found = policy(calls=(call("s3", "putObject"),), statements=wide, twins=(PHOTOS,))
    unread = policy(calls=None, statements=wide, twins=(PHOTOS,))

    assert actions(found) == {"oss:PutObject": (OBJECTS,)}
    assert actions(unread) == {}
    assert "a wildcard" in why(unread, "s3:*")


def test_calls_that_are_not_resolved_leave_the_role_to_decide() -> None:
    unresolved = replace(call("s3", ""), access="unresolved")
    statements = (allow("photos", ("s3:GetObject",), "arn:aws:s3:::photos/in/*"),)

    found = policy(calls=(unresolved,), statements=statements, twins=(PHOTOS,))

    assert actions(found) == {"oss:GetObject": (f"acs:oss:*:{ACCOUNT}:photos-1432/in/*",)}
    assert "not resolved" in why(found, "s3 at index.js:1")


@pytest.mark.parametrize("shape", ["conditional", "inverted"])
def test_conditions_and_inversions_are_left_to_a_person(shape: str) -> None:
    changes: dict[str, Any] = {shape: True}
    statement = replace(allow("odd", ("s3:GetObject",), "arn:aws:s3:::photos/*"), **changes)

    found = policy(calls=(call("s3", "getObject"),), statements=(statement,), twins=(PHOTOS,))

    assert actions(found) == {}
    assert "not carried over" in why(found, "s3:GetObject")


def test_a_denial_leaves_the_action_out() -> None:
    denied = RoleStatement(
        policy="no", effect="Deny", actions=("s3:Put*",), resources=("arn:aws:s3:::photos/private/*",)
    )
    statements = (allow("yes", ("s3:PutObject",), "arn:aws:s3:::photos/*"), denied)

    found = policy(calls=(call("s3", "putObject"),), statements=statements, twins=(PHOTOS,))

    assert actions(found) == {}
    assert "denies it" in why(found, "s3:PutObject")


def test_tables_have_no_automatic_line() -> None:
    found = policy(
        calls=(call("dynamodb", "getItem", 7),),
        statements=(allow("t", ("dynamodb:GetItem",), "arn:aws:dynamodb:ap-south-1:1:table/orders"),),
    )

    assert actions(found) == {}
    assert "Tablestore has another data model" in why(found, "dynamodb getItem at index.js:7")
    assert "Tablestore has another data model" in why(found, "dynamodb:GetItem (t)")


def test_a_queue_without_a_twin_is_named_as_the_code_makes_it() -> None:
    found = policy(
        calls=(call("sqs", "sendMessage"),),
        statements=(allow("q", ("sqs:SendMessage",), QUEUE.format("orders")),),
    )

    assert actions(found) == {"mns:SendMessage": (f"acs:mns:{REGION}:{ACCOUNT}:/queues/orders/messages",)}


def test_a_shared_twin_gets_no_line() -> None:
    shared = replace(PHOTOS, shared=True)
    statements = (allow("photos", ("s3:GetObject",), "arn:aws:s3:::photos/*"),)

    found = policy(calls=(call("s3", "getObject"),), statements=statements, twins=(shared,))

    assert actions(found) == {}
    assert "nothing on Alibaba Cloud" in why(found, "arn:aws:s3:::photos/*")


def test_without_the_role_a_call_is_allowed_on_declared_twins_alone() -> None:
    found = policy(
        calls=(call("s3", "getObject"), call("sqs", "sendMessage")), statements=None, twins=(PHOTOS,)
    )

    assert actions(found) == {"oss:GetObject": (OBJECTS,)}
    assert "declare its twin" in why(found, "sqs:SendMessage")
    assert "were not read" in why(found, "The role's policies")


def test_a_secret_and_a_function_keep_their_names() -> None:
    found = policy(
        calls=(call("secrets-manager", "getSecretValue"), call("lambda", "invoke")),
        statements=(
            allow(
                "s", ("secretsmanager:GetSecretValue",), "arn:aws:secretsmanager:r:1:secret:db/main-AbCdEf"
            ),
            allow("f", ("lambda:InvokeFunction",), "arn:aws:lambda:r:1:function:resize:live"),
        ),
    )

    place = f"acs:fc:{REGION}:{ACCOUNT}:functions/resize"
    assert actions(found) == {
        "kms:GetSecretValue": (f"acs:kms:{REGION}:{ACCOUNT}:secret/db/main",),
        "fc:InvokeFunction": (place, f"{place}/*"),
    }


def test_a_copy_needs_to_read_and_to_write() -> None:
    found = policy(calls=(call("s3", "copyObject"),), statements=None, twins=(PHOTOS,))

    assert set(actions(found)) == {"oss:GetObject", "oss:PutObject"}


def test_variables_in_a_key_pattern_are_not_carried_over() -> None:
    found = policy(
        calls=(call("s3", "getObject"),),
        statements=(allow("mine", ("s3:GetObject",), "arn:aws:s3:::photos/${aws:username}/*"),),
        twins=(PHOTOS,),
    )

    assert actions(found) == {}


_WORDS = st.sampled_from(
    [
        "s3:GetObject",
        "s3:PutObject",
        "s3:*",
        "*",
        "sqs:SendMessage",
        "sqs:Receive*",
        "dynamodb:GetItem",
        "x:Y",
    ]
)
_PLACES = st.sampled_from(
    [
        "*",
        "arn:aws:s3:::photos/*",
        "arn:aws:s3:::photos",
        "arn:aws:s3:::p*/in/*",
        QUEUE.format("orders"),
        "",
        "x",
    ]
)
_STATEMENTS = st.builds(
    RoleStatement,
    policy=st.just("p"),
    effect=st.sampled_from(["Allow", "Deny"]),
    actions=st.lists(_WORDS, max_size=3).map(tuple),
    resources=st.lists(_PLACES, max_size=3).map(tuple),
    inverted=st.booleans(),
    conditional=st.booleans(),
)
_CALLS = st.lists(
    st.builds(
        call,
        st.sampled_from(["s3", "sqs", "sns", "dynamodb", "nobody"]),
        st.sampled_from(["getObject", "sendMessage", "publish", "query", "", "?"]),
    ),
    max_size=4,
)


@given(
    st.lists(_STATEMENTS, max_size=4).map(tuple) | st.none(),
    _CALLS.map(tuple) | st.none(),
    st.booleans(),
)
def test_no_line_is_wider_than_what_it_is_for(statements: Any, calls: Any, twinned: bool) -> None:
    made: Basis = basis(
        statements=statements,
        calls=calls,
        twins=(PHOTOS,) if twinned else (),
        triggers=(trigger("sqs", QUEUE.format("orders")),),
    )

    for line in ram_policy(made).lines:
        assert line.reasons
        assert all("*" not in action for action in line.actions)
        assert all(one.count(":") >= 4 and not one.endswith(":*") for one in line.resources)
