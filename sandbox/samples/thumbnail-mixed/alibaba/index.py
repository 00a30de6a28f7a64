"""Makes a thumbnail of each new picture: all in one script, written anew for Alibaba Cloud."""

import json
import os

import oss2
from mns.account import Account
from mns.queue import Message


def shrunk(picture):
    """Give a PPM picture (P6, 8 bits) at half its width and height: each pixel the mean of four."""
    kind, width, height, depth, pixels = picture.split(maxsplit=4)
    if (kind, depth) != (b"P6", b"255"):
        raise ValueError("Only PPM pictures of 8 bits are understood.")
    across, down = int(width), int(height)

    def at(x, y, colour):
        return pixels[(y * across + x) * 3 + colour]

    small = bytes(
        sum(at(x + right, y + below, colour) for right in (0, 1) for below in (0, 1)) // 4
        for y in range(0, down - 1, 2)
        for x in range(0, across - 1, 2)
        for colour in range(3)
    )
    return b"P6 %d %d 255\n" % (across // 2, down // 2) + small


def handler(event, context):
    names = ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SECURITY_TOKEN")
    drawn = [os.environ[f"ALIBABA_CLOUD_{name}"] for name in names]
    there = f"https://oss-{context.region}-internal.aliyuncs.com"
    messages = f"http://{context.account_id}.mns.{context.region}-internal.aliyuncs.com"
    made = []
    for record in json.loads(event)["events"]:
        key = record["oss"]["object"]["key"]
        bucket = oss2.Bucket(
            oss2.StsAuth(*drawn), os.environ.get("OSS_ENDPOINT", there), record["oss"]["bucket"]["name"]
        )
        print("Read", key)
        picture = bucket.get_object(key).read()
        thumbnail = key.replace("images/", "thumbnails/", 1)
        bucket.put_object(thumbnail, shrunk(picture))
        print("Wrote", thumbnail)
        queue = Account(os.environ.get("MNS_ENDPOINT", messages), *drawn).get_queue(os.environ["QUEUE"])
        queue.set_encoding(False)
        queue.send_message(Message(json.dumps({"picture": key, "thumbnail": thumbnail})))
        made.append(thumbnail)
    return {"thumbnails": made}
