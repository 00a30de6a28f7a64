"""Where AWS Lambda comes in: S3 and SQS behind what the maker asks for."""

import os
from urllib.parse import unquote_plus

import boto3
from thumbnails import ThumbnailMaker


class S3Storage:
    def __init__(self):
        self.s3 = boto3.client("s3")

    def read(self, bucket, key):
        return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    def write(self, bucket, key, content):
        self.s3.put_object(Bucket=bucket, Key=key, Body=content)


class SqsMessaging:
    def __init__(self, name):
        self.sqs = boto3.client("sqs")
        self.queue = self.sqs.get_queue_url(QueueName=name)["QueueUrl"]

    def send(self, text):
        self.sqs.send_message(QueueUrl=self.queue, MessageBody=text)


def handler(event, context):
    maker = ThumbnailMaker(S3Storage(), SqsMessaging(os.environ["QUEUE"]))
    told = [record["s3"] for record in event["Records"]]
    return maker.make([(one["bucket"]["name"], unquote_plus(one["object"]["key"])) for one in told])
