"""Where Function Compute comes in: OSS and MNS behind what the maker asks for."""

import json
import os

import oss2
from mns.account import Account
from mns.queue import Message
from thumbnails import ThumbnailMaker


def drawn_keys():
    """Give id, secret and token of the function's role."""
    names = ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SECURITY_TOKEN")
    return [os.environ[f"ALIBABA_CLOUD_{name}"] for name in names]


class OssStorage:
    def __init__(self, context):
        there = f"https://oss-{context.region}-internal.aliyuncs.com"
        self.endpoint = os.environ.get("OSS_ENDPOINT", there)
        self.auth = oss2.StsAuth(*drawn_keys())

    def read(self, bucket, key):
        return oss2.Bucket(self.auth, self.endpoint, bucket).get_object(key).read()

    def write(self, bucket, key, content):
        oss2.Bucket(self.auth, self.endpoint, bucket).put_object(key, content)


class MnsMessaging:
    def __init__(self, context, name):
        there = f"http://{context.account_id}.mns.{context.region}-internal.aliyuncs.com"
        account = Account(os.environ.get("MNS_ENDPOINT", there), *drawn_keys())
        self.queue = account.get_queue(name)
        self.queue.set_encoding(False)

    def send(self, text):
        self.queue.send_message(Message(text))


def handler(event, context):
    maker = ThumbnailMaker(OssStorage(context), MnsMessaging(context, os.environ["QUEUE"]))
    told = [record["oss"] for record in json.loads(event)["events"]]
    return maker.make([(one["bucket"]["name"], one["object"]["key"]) for one in told])
