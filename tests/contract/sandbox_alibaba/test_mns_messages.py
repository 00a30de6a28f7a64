"""MNS as its official SDKs see it: queues, messages, topics, subscriptions, signatures."""

import base64
import hashlib
import http.client
import http.server
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from alibabacloud_sts20150401 import models as sts
from alibabacloud_sts20150401.client import Client as StsClient
from alibabacloud_tea_openapi.models import Config
from mns.account import Account
from mns.message_property import MessagePropertyValue
from mns.mns_exception import MNSServerException
from mns.queue import Message, Queue, QueueMeta
from mns.subscription import SubscriptionMeta
from mns.topic import TopicMessage, TopicMeta

from tests.contract.sandbox_alibaba.node import answers_of
from tests.sandbox_fixtures import RunningAlibaba, running_alibaba

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::SyntaxWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
QUIET = logging.getLogger("mns-under-test")
OPENED: list[Account] = []


@pytest.fixture(scope="module")
def alibaba(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAlibaba]:
    with running_alibaba(tmp_path_factory.mktemp("mns")) as running:
        yield running
        for account in OPENED:
            account.get_client().close_connection()
        OPENED.clear()


@pytest.fixture(scope="module")
def account(alibaba: RunningAlibaba) -> Account:
    return account_of(alibaba)


def account_of(alibaba: RunningAlibaba) -> Account:
    keys = alibaba.keys.alibaba
    return opened(alibaba, keys.access_key_id, keys.access_key_secret)


def opened(alibaba: RunningAlibaba, key_id: str, secret: str, token: str = "") -> Account:
    """Give an account of the SDK; its connection is closed at the end of the module."""
    account = Account(alibaba.url, key_id, secret, security_token=token, logger=QUIET)
    OPENED.append(account)
    return account


def made(account: Account, name: str, **meta: Any) -> Queue:
    """Create a queue."""
    queue = account.get_queue(name)
    queue.create(QueueMeta(**meta))
    return queue


def refusal(call: Callable[[], Any]) -> str:
    """Give the code of the error that the SDK raises."""
    with pytest.raises(MNSServerException) as raised:
        call()
    assert raised.value.req_id
    return str(raised.value.type)


def drained(queue: Queue, count: int) -> list[Any]:
    """Receive until there are so many messages."""
    found: list[Any] = []
    while len(found) < count:
        found += queue.batch_receive_message(16, 5)
    return found


class TestQueues:
    def test_a_queue_is_made_once_and_found_with_its_attributes(self, account: Account) -> None:
        queue = account.get_queue("plain")
        assert queue.create(QueueMeta(vis_timeout=12, delay_sec=0)).endswith("/queues/plain")
        assert queue.create(QueueMeta(vis_timeout=12, delay_sec=0)).endswith("/queues/plain")
        assert refusal(lambda: queue.create(QueueMeta(vis_timeout=13))) == "QueueAlreadyExist"
        queue.set_attributes(QueueMeta(polling_wait_sec=3))
        found = queue.get_attributes()
        assert (found.queue_name, found.visibility_timeout, found.polling_wait_seconds) == ("plain", 12, 3)
        assert (found.maximum_message_size, found.message_retention_period) == (65536, 345600)
        queue.delete()
        assert refusal(queue.get_attributes) == "QueueNotExist"

    def test_queues_are_listed_by_prefix_and_page(self, account: Account) -> None:
        for number in range(3):
            made(account, f"paged-{number}")
        first, marker = account.list_queue(prefix="paged-", ret_number=2)
        rest, end = account.list_queue(prefix="paged-", ret_number=2, marker=marker)
        assert [url.rpartition("/")[2] for url in first + rest] == ["paged-0", "paged-1", "paged-2"]
        assert end == ""

    @pytest.mark.parametrize(
        ("meta", "code"),
        [({"vis_timeout": 43_201}, "InvalidArgument"), ({"max_msg_size": 65_537}, "InvalidArgument")],
    )
    def test_attributes_out_of_range_are_refused(
        self, account: Account, meta: dict[str, int], code: str
    ) -> None:
        assert refusal(lambda: made(account, "never", **meta)) == code
        assert refusal(account.get_queue("never").get_attributes) == "QueueNotExist"

    @pytest.mark.parametrize(
        ("name", "code"), [("a_b", "InvalidQueueName"), ("a" * 121, "QueueNameLengthError")]
    )
    def test_wrong_names_are_refused(self, account: Account, name: str, code: str) -> None:
        assert refusal(lambda: made(account, name)) == code


class TestMessages:
    def test_a_message_goes_its_way(self, account: Account) -> None:
        queue = made(account, "way")
        body = "grüße\r\n<xml> & more"
        message = Message(body)
        message.add_user_property("colour", MessagePropertyValue.create_string("blue"))
        sent = queue.send_message(message)
        peeked = queue.peek_message()
        assert (peeked.message_id, peeked.dequeue_count) == (sent.message_id, 0)
        received = queue.receive_message()
        # The SDK encodes the body as Base64 unless told otherwise; the checksum is of what was sent.
        wired = base64.b64encode(body.encode())
        assert received.message_body == body.encode()
        assert received.message_body_md5 == hashlib.md5(wired).hexdigest().upper()
        assert (received.message_id, received.dequeue_count, received.priority) == (sent.message_id, 1, 8)
        assert received.user_properties["colour"].get_string_value_by_type() == "blue"
        assert queue.get_attributes().inactive_messages == 1
        queue.delete_message(received.receipt_handle)
        assert refusal(lambda: queue.receive_message()) == "MessageNotExist"
        assert refusal(lambda: queue.delete_message(received.receipt_handle)) == "MessageNotExist"
        assert refusal(lambda: queue.delete_message("nonsense")) == "ReceiptHandleError"

    def test_a_plain_body_keeps_its_signs(self, account: Account) -> None:
        queue = made(account, "bare")
        queue.set_encoding(False)
        sent = queue.send_message(Message("a\n b & <c>é "))
        received = queue.receive_message()
        assert received.message_body == "a\n b & <c>é "
        assert received.message_body_md5 == sent.message_body_md5

    def test_priority_comes_before_age(self, account: Account) -> None:
        queue = made(account, "ranked")
        queue.batch_send_message([Message("late", priority=9), Message("soon", priority=2)])
        queue.send_message(Message("first", priority=1))
        assert [m.message_body for m in queue.batch_receive_message(16)] == [b"first", b"soon", b"late"]

    def test_an_unhandled_message_comes_back_with_a_new_receipt(self, account: Account) -> None:
        queue = made(account, "again", vis_timeout=1)
        queue.send_message(Message("x"))
        first = queue.receive_message()
        second = queue.receive_message(5)
        assert (second.message_id, second.dequeue_count) == (first.message_id, 2)
        assert second.first_dequeue_time == first.first_dequeue_time
        assert refusal(lambda: queue.delete_message(first.receipt_handle)) == "MessageNotExist"
        changed = queue.change_message_visibility(second.receipt_handle, 60)
        assert changed.receipt_handle != second.receipt_handle
        assert refusal(lambda: queue.delete_message(second.receipt_handle)) == "MessageNotExist"
        queue.delete_message(changed.receipt_handle)

    def test_a_delayed_message_is_not_there_yet(self, account: Account) -> None:
        queue = made(account, "delayed")
        sent = queue.send_message(Message("later", delay_seconds=1))
        assert sent.receipt_handle
        assert queue.get_attributes().delay_messages == 1
        assert refusal(lambda: queue.receive_message()) == "MessageNotExist"
        assert queue.receive_message(10).message_id == sent.message_id

    def test_a_long_poll_ends_when_a_message_comes(self, alibaba: RunningAlibaba, account: Account) -> None:
        made(account, "polled")
        with ThreadPoolExecutor(1) as pool:
            began = time.monotonic()
            waiting = pool.submit(lambda: account_of(alibaba).get_queue("polled").receive_message(30))
            account.get_queue("polled").send_message(Message("now"))
            assert waiting.result(120).message_body == b"now"
        assert time.monotonic() - began < 25

    def test_batches_say_what_failed(self, account: Account) -> None:
        queue = made(account, "batched")
        queue.batch_send_message([Message(str(number)) for number in range(16)])
        found = drained(queue, 16)
        receipts = [message.receipt_handle for message in found]
        queue.batch_delete_message(receipts[:8])
        with pytest.raises(MNSServerException) as raised:
            queue.batch_delete_message([receipts[0], receipts[8]])
        assert [each["ReceiptHandle"] for each in raised.value.sub_errors] == [receipts[0]]
        assert queue.get_attributes().inactive_messages == 7
        assert refusal(lambda: queue.batch_send_message([Message("x")] * 17)) == "InvalidArgument"

    def test_a_body_over_the_limit_is_refused(self, account: Account) -> None:
        queue = made(account, "small", max_msg_size=1024)
        queue.set_encoding(False)
        queue.send_message(Message("x" * 1024))
        assert refusal(lambda: queue.send_message(Message("x" * 1025))) == "InvalidArgument"


class TestTopics:
    def test_a_queue_subscriber_has_the_message_in_its_format(
        self, alibaba: RunningAlibaba, account: Account
    ) -> None:
        topic = account.get_topic("news")
        assert topic.create(TopicMeta()).endswith("/topics/news")
        owner = alibaba.keys.alibaba.account_id
        for how in ("XML", "JSON", "SIMPLIFIED"):
            made(account, f"news-{how}").set_encoding(False)
            endpoint = f"acs:mns:cn-hangzhou:{owner}:queues/news-{how}"
            meta = SubscriptionMeta(endpoint, notify_content_format=how)
            account.get_subscription("news", how.lower()).subscribe(meta)
        published = topic.publish_message(TopicMessage("it rains", "weather"))
        found = {}
        for how in ("XML", "JSON", "SIMPLIFIED"):
            queue = account.get_queue(f"news-{how}")
            queue.set_encoding(False)
            found[how] = queue.receive_message(5).message_body
        assert found["SIMPLIFIED"] == "it rains"
        written = json.loads(found["JSON"])
        assert written["PublishTime"] > 0
        written.pop("PublishTime")
        assert written == {
            "TopicOwner": owner,
            "TopicName": "news",
            "Subscriber": owner,
            "SubscriptionName": "json",
            "MessageId": published.message_id,
            "Message": "it rains",
            "MessageMD5": published.message_body_md5,
            "MessageTag": "weather",
        }
        tree = ElementTree.fromstring(found["XML"])
        assert tree.findtext("{http://mns.aliyuncs.com/doc/v1/}Message") == "it rains"

    def test_a_filter_lets_only_its_tag_pass(self, alibaba: RunningAlibaba, account: Account) -> None:
        account.get_topic("tagged").create(TopicMeta())
        queue = made(account, "reds")
        queue.set_encoding(False)
        endpoint = f"acs:mns:cn-hangzhou:{alibaba.keys.alibaba.account_id}:queues/reds"
        meta = SubscriptionMeta(endpoint, filter_tag="red", notify_content_format="SIMPLIFIED")
        account.get_subscription("tagged", "reds").subscribe(meta)
        for tag in ("blue", "red", ""):
            account.get_topic("tagged").publish_message(TopicMessage(f"in {tag}", tag))
        assert queue.receive_message(5).message_body == "in red"
        assert refusal(lambda: queue.receive_message()) == "MessageNotExist"

    def test_subscriptions_are_kept_listed_and_removed(
        self, alibaba: RunningAlibaba, account: Account
    ) -> None:
        topic = account.get_topic("kept")
        topic.create(TopicMeta())
        topic.set_attributes(TopicMeta(maximum_message_size=2048))
        assert topic.get_attributes().maximum_message_size == 2048
        endpoint = f"acs:mns:cn-hangzhou:{alibaba.keys.alibaba.account_id}:queues/any"
        subscription = account.get_subscription("kept", "one")
        subscription.subscribe(SubscriptionMeta(endpoint, filter_tag="t"))
        again = SubscriptionMeta(endpoint, filter_tag="other")
        assert refusal(lambda: subscription.subscribe(again)) == "SubscriptionAlreadyExist"
        subscription.set_attributes(SubscriptionMeta(notify_strategy="EXPONENTIAL_DECAY_RETRY"))
        found = subscription.get_attributes()
        assert (found.endpoint, found.filter_tag, found.notify_content_format) == (endpoint, "t", "XML")
        assert found.notify_strategy == "EXPONENTIAL_DECAY_RETRY"
        urls, _ = topic.list_subscription()
        assert [url.rpartition("/")[2] for url in urls] == ["one"]
        subscription.unsubscribe()
        assert refusal(subscription.get_attributes) == "SubscriptionNotExist"
        topic.delete()
        assert refusal(topic.get_attributes) == "TopicNotExist"
        assert refusal(lambda: topic.publish_message(TopicMessage("x"))) == "TopicNotExist"

    @pytest.mark.parametrize(
        "endpoint",
        ["http://example.com/x", "mail:directmail:a@example.com", "acs:fc:cn-hangzhou:1:functions/f", ""],
    )
    def test_endpoints_that_the_sandbox_does_not_serve_are_refused(
        self, account: Account, endpoint: str
    ) -> None:
        account.get_topic("inner").create(TopicMeta())
        subscription = account.get_subscription("inner", "out")
        assert refusal(lambda: subscription.subscribe(SubscriptionMeta(endpoint))) == "InvalidArgument"

    def test_an_http_endpoint_is_called_until_it_takes_the_message(self, account: Account) -> None:
        calls: list[tuple[str, bytes]] = []
        taken = threading.Event()

        class Receiver(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                calls.append((self.path, body))
                self.send_response(500 if len(calls) == 1 else 204)
                self.end_headers()
                if len(calls) > 1:
                    taken.set()

            def log_message(self, *args: Any) -> None:
                """Print nothing."""

        with http.server.HTTPServer(("127.0.0.1", 0), Receiver) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            account.get_topic("pushed").create(TopicMeta())
            endpoint = f"http://127.0.0.1:{server.server_port}/hook?x=1"
            meta = SubscriptionMeta(endpoint, notify_content_format="SIMPLIFIED")
            account.get_subscription("pushed", "hook").subscribe(meta)
            account.get_topic("pushed").publish_message(TopicMessage("knock"))
            assert taken.wait(15)
            server.shutdown()
        assert calls == [("/hook?x=1", b"knock")] * 2


class TestAccess:
    def ask(self, alibaba: RunningAlibaba, headers: dict[str, str], body: bytes = b"") -> tuple[int, str]:
        """Send a request as it is; give the status and the code of the error."""
        connection = http.client.HTTPConnection(alibaba.endpoint, timeout=10)
        connection.request("PUT", "/queues/raw", body=body, headers=headers)
        answer = connection.getresponse()
        tree = ElementTree.fromstring(answer.read())
        connection.close()
        return answer.status, str(tree.findtext("{http://mns.aliyuncs.com/doc/v1/}Code"))

    def test_a_wrong_key_is_told_from_a_wrong_secret(self, alibaba: RunningAlibaba) -> None:
        key_id = alibaba.keys.alibaba.access_key_id
        for pair, code in (
            ((key_id, "wrong"), "SignatureDoesNotMatch"),
            (("LTAInobody", "x"), "InvalidAccessKeyId"),
            ((alibaba.keys.relay.access_key_id, alibaba.keys.relay.access_key_secret), "AccessDenied"),
        ):
            stranger = opened(alibaba, *pair)
            assert refusal(stranger.get_queue("q").get_attributes) == code

    def test_an_old_date_a_missing_signature_and_no_version_are_refused(
        self, alibaba: RunningAlibaba, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        version = {"x-mns-version": "2015-06-06"}
        assert self.ask(alibaba, version) == (400, "MissingAuthorizationHeader")
        assert self.ask(alibaba, {**version, "Authorization": "MNS x"}) == (
            400,
            "InvalidAuthorizationHeader",
        )
        assert self.ask(alibaba, {"Authorization": "MNS a:b", "Date": formatdate()}) == (
            400,
            "MissingVersionHeader",
        )
        early = time.gmtime(time.time() - 1000)
        monkeypatch.setattr("mns.mns_client.time.gmtime", lambda: early)
        assert refusal(account_of(alibaba).get_queue("q").get_attributes) == "TimeExpired"

    @pytest.mark.parametrize(
        "body", [b"<Queue", b"<Other/>", b"<!DOCTYPE q [<!ENTITY e 'x'>]><Queue>&e;</Queue>"]
    )
    def test_malformed_xml_is_refused(
        self, alibaba: RunningAlibaba, monkeypatch: pytest.MonkeyPatch, body: bytes
    ) -> None:
        monkeypatch.setattr("mns.mns_client.QueueEncoder.encode", lambda *_: body)
        assert refusal(lambda: made(account_of(alibaba), "raw")) == "MalformedXML"

    def test_a_temporary_key_works_with_its_token_only(self, alibaba: RunningAlibaba) -> None:
        keys = alibaba.keys.alibaba
        client = StsClient(
            Config(
                access_key_id=keys.access_key_id,
                access_key_secret=keys.access_key_secret,
                protocol="http",
                endpoint=alibaba.endpoint,
            )
        )
        request = sts.AssumeRoleRequest(
            role_arn=f"acs:ram::{keys.account_id}:role/fn", role_session_name="test"
        )
        drawn = client.assume_role(request).body.credentials
        pair = (drawn.access_key_id, drawn.access_key_secret)
        holder = opened(alibaba, *pair, drawn.security_token)
        made(holder, "temporary").send_message(Message("x"))
        forger = opened(alibaba, *pair, "other")
        assert refusal(forger.get_queue("temporary").get_attributes) == "AccessDenied"

    def test_unknown_operations_are_refused_in_words(self, alibaba: RunningAlibaba) -> None:
        assert refusal(lambda: account_of(alibaba).get_attributes()) == "InvalidRequestURL"


def test_the_node_sdk_finds_its_way(alibaba: RunningAlibaba) -> None:
    seen = answers_of(alibaba, "mns_node.mjs", "@alicloud/mns")
    assert (seen["created"], seen["again"], seen["deleted"], seen["gone"]) == (201, 204, 204, 204)
    assert seen["attributes"]["QueueName"] == "from-node"
    assert seen["attributes"]["PollingWaitSeconds"] == "1"
    assert len(seen["attributes"]) == 12
    assert seen["peeked"]["MessageBody"] == seen["received"]["MessageBody"] == "äöü <b>"
    assert seen["received"]["MessageId"] == seen["sent"]["MessageId"]
    assert seen["batch"] == ["two", "one"]
    assert seen["empty"] == "MNSMessageNotExistError"
    assert seen["missing"] == "MNSQueueNotExistError"
    assert seen["wrong"] == "MNSSignatureDoesNotMatchError"
    assert [url.rpartition("/")[2] for url in seen["queues"]] == ["from-node"]
    assert (seen["topic"], seen["removed"]) == (201, 204)
    assert seen["published"]["MessageBodyMD5"] == hashlib.md5(b"hello").hexdigest().upper()


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    with running_alibaba(tmp_path) as first:
        account = account_of(first)
        queue = made(account, "lasting", vis_timeout=60)
        sent = [queue.send_message(Message(str(number))).message_id for number in range(5)]
        held = queue.receive_message()
        first.process.kill()
        first.process.wait()
    with running_alibaba(tmp_path) as second:
        queue = account_of(second).get_queue("lasting")
        rest = drained(queue, 4)
        assert [message.message_id for message in rest] == sent[1:]
        queue.delete_message(held.receipt_handle)
        assert queue.get_attributes().inactive_messages == 4
