"""Where Function Compute comes in: OSS and MNS behind what the maker asks for."""

import json
import os

import oss2
from mns.account import Account
from mns.queue import Message
from thumbnails import ThumbnailMaker


class OssStorage:
    def __init__(self, context):
        keys = context.credentials
        there = f"https://oss-{context.region}-internal.aliyuncs.com"
        self.endpoint = os.environ.get("OSS_ENDPOINT", there)
        self.auth = oss2.StsAuth(keys.access_key_id, keys.access_key_secret, keys.security_token)

    def read(self, bucket, key):
        return oss2.Bucket(self.auth, self.endpoint, bucket).get_object(key).read()

    def write(self, bucket, key, content):
        oss2.Bucket(self.auth, self.endpoint, bucket).put_object(key, content)


class MnsMessaging:
    def __init__(self, context, name):
        keys = context.credentials
        there = f"http://{context.account_id}.mns.{context.region}-internal.aliyuncs.com"
        endpoint = os.environ.get("MNS_ENDPOINT", there)
        account = Account(endpoint, keys.access_key_id, keys.access_key_secret, keys.security_token)
        self.queue = account.get_queue(name)
        self.queue.set_encoding(False)

    def send(self, text):
        self.queue.send_message(Message(text))


def handler(event, context):
    maker = ThumbnailMaker(OssStorage(context), MnsMessaging(context, os.environ["QUEUE"]))
    told = [record["oss"] for record in json.loads(event)["events"]]
    return maker.make([(one["bucket"]["name"], one["object"]["key"]) for one in told])
