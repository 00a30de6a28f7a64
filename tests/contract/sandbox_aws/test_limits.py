"""What Lambda refuses, with the error that the real one gives."""

import io
import json
import stat
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from botocore.config import Config

from sandbox.aws.errors import AwsError
from sandbox.aws.functions.packages import MAX_UNPACKED_BYTES, Packages, checked
from tests.contract.sandbox_aws.support import VERSION, Make, refused, zipped
from tests.sandbox_fixtures import RunningAws

pytestmark = pytest.mark.enable_socket

ARN = "arn:aws:lambda:us-east-1:123456789012:function"


@pytest.fixture
def create(aws: RunningAws, roles: dict[str, str]) -> Callable[..., tuple[str, int, str]]:
    """Try to create a function that must be refused; gives code, status and message."""
    unchecked = Config(parameter_validation=False, retries={"total_max_attempts": 1})
    lambda_ = aws.client("lambda", config=unchecked)

    def attempt(**more: Any) -> tuple[str, int, str]:
        given: dict[str, Any] = {
            "FunctionName": "refused",
            "Runtime": "python3.12",
            "Role": roles["runs"],
            "Handler": "app.handler",
            "Code": {"ZipFile": zipped({"app.py": VERSION})},
        }
        return refused(lambda: lambda_.create_function(**(given | more)))

    return attempt


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        ({"MemorySize": 64}, "ValidationException", "'memorySize' failed to satisfy constraint: Member"),
        ({"MemorySize": 10241}, "ValidationException", "less than or equal to 10240"),
        ({"Timeout": 901}, "ValidationException", "less than or equal to 900"),
        ({"Timeout": 0}, "ValidationException", "greater than or equal to 1"),
        ({"EphemeralStorage": {"Size": 511}}, "ValidationException", "'ephemeralStorage.size'"),
        ({"Description": "x" * 257}, "ValidationException", "length less than or equal to 256"),
        ({"Handler": "h" * 129}, "ValidationException", "length less than or equal to 128"),
        ({"Handler": "two words"}, "ValidationException", "regular expression pattern"),
        ({"FunctionName": "n" * 65}, "ValidationException", "length less than or equal to 64"),
        ({"FunctionName": "a/b"}, "ValidationException", "'functionName'"),
        ({"Architectures": ["mips"]}, "ValidationException", "enum value set: [x86_64, arm64]"),
        ({"Runtime": "python9"}, "InvalidParameterValueException", "'runtime' failed to satisfy constraint"),
        ({"Role": f"{ARN}:x"}, "ValidationException", "'role'"),
        ({"Environment": {"Variables": {"A-B": "x"}}}, "ValidationException", "Map keys must satisfy"),
        ({"Environment": {"Variables": {"BIG": "x" * 4096}}}, "InvalidParameterValueException", "4KB"),
        ({"Environment": {"Variables": {"AWS_REGION": "x"}}}, "InvalidParameterValueException", "reserved"),
        ({"Layers": [f"arn:aws:lambda:us-east-1:123456789012:layer:no:{n}" for n in range(6)]},
         "InvalidParameterValueException", "more than 5 layers"),
        ({"Layers": ["arn:aws:lambda:us-east-1:123456789012:layer:no:1"]},
         "InvalidParameterValueException", "does not exist"),
        ({"Tags": {f"k{n}": "v" for n in range(51)}}, "InvalidParameterValueException", "50"),
        ({"Code": {"ZipFile": b"no zip"}}, "InvalidParameterValueException", "Could not unzip"),
        ({"Code": {}}, "InvalidParameterValueException", "source for function code"),
        ({"DurableConfig": {"ExecutionTimeout": 60}}, "NotImplementedException", "DurableConfig"),
        ({"LoggingConfig": {"LogFormat": "Text", "SystemLogLevel": "INFO"}},
         "InvalidParameterValueException", "not supported when the LogFormat is Text"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)  # fmt: skip
def test_it_refuses_a_configuration_that_aws_refuses(
    create: Callable[..., tuple[str, int, str]], given: dict[str, Any], code: str, words: str
) -> None:
    found, status, message = create(**given)
    assert (found, status) == (code, 501 if code == "NotImplementedException" else 400)
    assert words in message


def test_it_names_everything_that_is_wrong_with_a_request(
    create: Callable[..., tuple[str, int, str]],
) -> None:
    message = create(MemorySize=1, Timeout=0)[2]
    assert message.startswith("2 validation errors detected: ")


def test_it_refuses_names_of_aliases_and_ids_of_statements(lambda_: Any, make: Make) -> None:
    name = make()
    for alias in ("7", "a b", "x" * 129):
        call = lambda: lambda_.create_alias(FunctionName=name, Name=alias, FunctionVersion="$LATEST")  # noqa: B023, E731
        assert refused(call)[:2] == ("ValidationException", 400)
    grant = {"Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
    call = lambda: lambda_.add_permission(FunctionName=name, StatementId="a b", **grant)  # noqa: E731
    assert refused(call)[0] == "ValidationException"


def test_it_refuses_payloads_that_are_too_large(lambda_: Any, make: Make) -> None:
    name = make("def handler(e, c): return 'x' * e['n']")
    large = json.dumps({"x": "x" * 6_291_456}).encode()
    code, status, message = refused(lambda: lambda_.invoke(FunctionName=name, Payload=large))
    assert (code, status) == ("RequestEntityTooLargeException", 413)
    assert "smaller than 6291456 bytes for the InvokeFunction operation" in message
    event = json.dumps({"x": "x" * 1_048_576}).encode()
    call = lambda: lambda_.invoke(FunctionName=name, Payload=event, InvocationType="Event")  # noqa: E731
    assert refused(call)[:2] == ("RequestEntityTooLargeException", 413)
    done = lambda_.invoke(FunctionName=name, Payload=b'{"n": 6291557}')
    assert (done["StatusCode"], done["FunctionError"]) == (200, "Unhandled")
    assert json.loads(done["Payload"].read())["errorType"] == "Function.ResponseSizeTooLarge"


def test_it_cuts_log_lines_at_256_kib(aws: RunningAws, lambda_: Any, make: Make) -> None:
    name = make("def handler(e, c): print('y' * 300_000)")
    lambda_.invoke(FunctionName=name)
    found = aws.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern="yyyy")
    assert max(len(event["message"]) for event in found["events"]) <= 256 * 1024


# --- packages, without a server


def _archive(*entries: tuple[str, bytes, int]) -> bytes:
    """Make a zip of (name, content, file mode)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content, mode in entries:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


_FILE, _LINK = stat.S_IFREG | 0o644, stat.S_IFLNK | 0o777


@pytest.mark.parametrize(
    "entries",
    [
        [("../evil.py", b"x", _FILE)],
        [("/etc/evil", b"x", _FILE)],
        [("a/../../evil", b"x", _FILE)],
        [("a\\..\\evil", b"x", _FILE)],
        [("link", b"/etc/passwd", _LINK)],
        [("a/link", b"../../out", _LINK)],
        [("a", b"x", _FILE), ("a/b", b"x", _FILE)],
        [("link", b"real", _LINK), ("link/file", b"x", _FILE)],
        [("n" * 300, b"x", _FILE)],
    ],
    ids=lambda value: str(value[0][0])[:20],
)
def test_it_refuses_packages_that_would_leave_their_folder(entries: list[tuple[str, bytes, int]]) -> None:
    with pytest.raises(AwsError, match="Could not unzip uploaded file"):
        checked(_archive(*entries))


def test_it_refuses_a_zip_bomb_whatever_its_header_says() -> None:
    body = bytearray(_archive(("bomb", b"\0" * (MAX_UNPACKED_BYTES + 1), _FILE)))
    with pytest.raises(AwsError, match="Unzipped size must be smaller than 262144000 bytes"):
        checked(bytes(body))
    size = (MAX_UNPACKED_BYTES + 1).to_bytes(4, "little")
    lying = bytes(body).replace(size, (5).to_bytes(4, "little"))
    with pytest.raises(AwsError, match=r"Could not unzip|Unzipped size"):
        checked(lying)


def test_it_unpacks_links_within_a_package_and_later_layers_over_earlier_ones(tmp_path: Any) -> None:
    packages = Packages(tmp_path, "secret")
    first = packages.put(_archive(("bin/tool", b"../lib/tool.js", _LINK), ("lib/tool.js", b"one", _FILE)))[0]
    place = packages.unpacked(first)
    assert (place / "bin/tool").read_text() == "one"
    second = packages.put(_archive(("bin/tool", b"two", _FILE), ("lib", b"file", _FILE)))[0]
    opt = packages.stacked((first, second))
    assert (opt / "bin/tool").read_text() == "two"
    assert (opt / "lib").read_text() == "file"
    assert (place / "lib/tool.js").read_text() == "one"
