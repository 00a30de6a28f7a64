"""Makes a thumbnail of each new picture: all in one script, tied to AWS at every step."""

import json
import os
from urllib.parse import unquote_plus

import boto3

s3 = boto3.client("s3")
sqs = boto3.client("sqs")


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
    made = []
    for record in event["Records"]:
        bucket = record["s3"]["bucket"]["name"]
        key = unquote_plus(record["s3"]["object"]["key"])
        print("Read", key)
        picture = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        thumbnail = key.replace("images/", "thumbnails/", 1)
        s3.put_object(Bucket=bucket, Key=thumbnail, Body=shrunk(picture))
        print("Wrote", thumbnail)
        queue = sqs.get_queue_url(QueueName=os.environ["QUEUE"])["QueueUrl"]
        sqs.send_message(QueueUrl=queue, MessageBody=json.dumps({"picture": key, "thumbnail": thumbnail}))
        made.append(thumbnail)
    return {"thumbnails": made}
