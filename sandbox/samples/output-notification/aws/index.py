"""Sends a message to a queue of SQS. Credentials and region come from Lambda."""

import os

import boto3

sqs = boto3.client("sqs")


def handler(event, context):
    queue = sqs.get_queue_url(QueueName=os.environ["QUEUE"])["QueueUrl"]
    print("Sending a message")
    sent = sqs.send_message(
        QueueUrl=queue,
        MessageBody=event.get("text", "Sample content."),
        MessageAttributes={"sample-attribute": {"DataType": "String", "StringValue": "sample-value"}},
    )
    print("Sent", sent["MessageId"])
    return {"queue": os.environ["QUEUE"], "id": sent["MessageId"]}
