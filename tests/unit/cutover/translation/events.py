"""Events of both clouds as their documentation gives them, and the plan that they are read under."""

from typing import Any

from cutover.translation import Setting

SETTING = Setting(
    aws_region="eu-central-1",
    aws_account="220420460675",
    fc_region="cn-hangzhou",
    fc_account="5939306421830868",
    buckets={"photos": "photos-twin"},
    queues={"orders": "orders-twin"},
    topics={"news": "news-twin"},
    trigger_name="t1",
    subscription="s1",
    schedule_arn="arn:aws:events:eu-central-1:220420460675:rule/nightly",
    stage="prod",
)
NOTHING_KNOWN = Setting()

S3: dict[str, Any] = {
    "Records": [
        {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": "eu-central-1",
            "eventTime": "2019-03-29T08:07:41.393Z",
            "eventName": "ObjectCreated:Put",
            "userIdentity": {"principalId": "AWS:AIDAINSMNFDHFPJLOE2T4"},
            "requestParameters": {"sourceIPAddress": "192.0.2.7"},
            "responseElements": {"x-amz-request-id": "145F062D51E149AF", "x-amz-id-2": "Fwazo="},
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": "rule-1",
                "bucket": {
                    "name": "photos",
                    "ownerIdentity": {"principalId": "A20AKYX319BJRU"},
                    "arn": "arn:aws:s3:::photos",
                },
                "object": {
                    "key": "summer+2019/caf%C3%A9+%26+c%2B%2B.png",
                    "size": 15,
                    "eTag": "032447899e6c18dd3e30388764c0ff21",
                    "sequencer": "005C9DD24D544E2553",
                },
            },
        }
    ]
}
OSS: dict[str, Any] = {
    "events": [
        {
            "eventName": "ObjectCreated:PostObject",
            "eventSource": "acs:oss",
            "eventTime": "2019-03-29T14:40:11.000Z",
            "eventVersion": "1.0",
            "oss": {
                "bucket": {
                    "arn": "acs:oss:cn-hangzhou:5939306421830868:photos-twin",
                    "name": "photos-twin",
                    "ownerIdentity": "5939306421830868",
                    "virtualBucket": "",
                },
                "object": {
                    "deltaSize": 15,
                    "eTag": "032447899E6C18DD3E30388764C0FF21",
                    "key": "summer 2019/café & c++.png",
                    "size": 15,
                },
                "ossSchemaVersion": "1.0",
                "ruleId": "a11caf7c",
            },
            "region": "cn-hangzhou",
            "requestParameters": {"sourceIPAddress": "192.0.2.7"},
            "responseElements": {"requestId": "5C9E2E4B61E5D16D23E9CEC6"},
            "userIdentity": {"principalId": "5939306421830868"},
        }
    ]
}
SQS: dict[str, Any] = {
    "Records": [
        {
            "messageId": "23d47066-cd46-47a8-819d-f97bc9c2abce",
            "receiptHandle": "AQEBXkIza0Az",
            "body": '{"order": 9007199254740993}',
            "attributes": {
                "ApproximateReceiveCount": "1",
                "SentTimestamp": "1554088217716",
                "SenderId": "AIDAINSMNFDHFPJLOE2T4",
                "ApproximateFirstReceiveTimestamp": "1554088217721",
            },
            "messageAttributes": {
                "shop": {
                    "stringValue": "north",
                    "stringListValues": [],
                    "binaryListValues": [],
                    "dataType": "String",
                }
            },
            "md5OfMessageAttributes": "7c815262be77a62f56671125069ca888",
            "md5OfBody": "fc56f88bba2a0d48b9c8e06c3ec3fbe5",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-central-1:220420460675:orders",
            "awsRegion": "eu-central-1",
        }
    ]
}
MNS_MESSAGE: dict[str, Any] = {
    "id": "c2g71017-6f65-fhcf-a814-a396fc8d",
    "source": "MNS-Function-t1",
    "specversion": "1.0",
    "type": "mns:Queue:SendMessage",
    "datacontenttype": "application/json; charset=utf-8",
    "subject": "acs:mns:cn-hangzhou:5939306421830868:queues/orders-twin",
    "time": "2021-04-08T06:28:17.093Z",
    "aliyunaccountid": "5939306421830868",
    "aliyunpublishtime": "2021-10-15T07:06:34.028Z",
    "aliyunregionid": "cn-hangzhou",
    "data": {"requestId": "606EA3074344430D4C81", "messageId": "C5DB60D1574661357FA2", "messageBody": "go"},
}
SNS: dict[str, Any] = {
    "Records": [
        {
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": "arn:aws:sns:eu-central-1:220420460675:news:21be56ed",
            "Sns": {
                "Type": "Notification",
                "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
                "TopicArn": "arn:aws:sns:eu-central-1:220420460675:news",
                "Subject": "TestInvoke",
                "Message": "Hello from SNS!",
                "Timestamp": "2019-01-02T12:45:07.000Z",
                "SignatureVersion": "1",
                "Signature": "tcc6faL2yUC6dgZdmrwh1Y4cGa",
                "SigningCertUrl": "https://sns.example/cert.pem",
                "UnsubscribeUrl": "https://sns.example/unsubscribe",
                "MessageAttributes": {
                    "Test": {"Type": "String", "Value": "TestString"},
                    "TestBinary": {"Type": "Binary", "Value": "VGVzdA=="},
                    "TopicName": {"Type": "String", "Value": "clashes"},
                },
            },
        }
    ]
}
MNS_TOPIC: dict[str, Any] = {
    "TopicOwner": "5939306421830868",
    "Message": "hello topic",
    "Subscriber": "5939306421830868",
    "PublishTime": 1550216480040,
    "SubscriptionName": "s1",
    "MessageMD5": "BA4BA9B48AC81F0F9C66F6C909C39DBB",
    "TopicName": "news-twin",
    "MessageId": "2F5B3C281B283D4EAC694B7425288675",
    "colour": "red",
}
SCHEDULE: dict[str, Any] = {
    "version": "0",
    "id": "f4cb2b21-6b4c-1d0b-f854-03e9d0dd0328",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "220420460675",
    "time": "2019-03-29T05:56:24Z",
    "region": "eu-central-1",
    "resources": ["arn:aws:events:eu-central-1:220420460675:rule/nightly"],
    "detail": {},
}
SCHEDULER: dict[str, Any] = {**SCHEDULE, "source": "aws.scheduler"}
TIMER: dict[str, Any] = {"triggerTime": "2019-03-29T06:41:57Z", "triggerName": "t1", "payload": ""}
API_V2: dict[str, Any] = {
    "version": "2.0",
    "routeKey": "$default",
    "rawPath": "/my/pa%20th",
    "rawQueryString": "a=1&b=x+y",
    "cookies": ["c1=1", "c2=2"],
    "headers": {"content-type": "application/json", "x-several": "1,2", "host": "id.example"},
    "queryStringParameters": {"a": "1", "b": "x y"},
    "requestContext": {
        "accountId": "220420460675",
        "apiId": "api-id",
        "domainName": "id.execute-api.eu-central-1.amazonaws.com",
        "domainPrefix": "id",
        "http": {
            "method": "POST",
            "path": "/my/pa th",
            "protocol": "HTTP/1.1",
            "sourceIp": "192.0.2.7",
            "userAgent": "agent",
        },
        "requestId": "id",
        "routeKey": "$default",
        "stage": "prod",
        "time": "12/Mar/2020:19:03:58 +0000",
        "timeEpoch": 1583348638390,
    },
    "body": "eyJuIjoxfQ==",
    "isBase64Encoded": True,
}
URL: dict[str, Any] = {
    **API_V2,
    "requestContext": {
        **API_V2["requestContext"],
        "domainName": "id.lambda-url.eu-central-1.on.aws",
        "stage": "$default",
    },
}
API_V1: dict[str, Any] = {
    "resource": "/users/{id}",
    "path": "/users/7 a",
    "httpMethod": "GET",
    "headers": {"Accept": "*/*", "x-lower": "1", "X-Several": "2"},
    "multiValueHeaders": {"Accept": ["*/*"], "x-lower": ["1"], "X-Several": ["1", "2"]},
    "queryStringParameters": {"a": "2"},
    "multiValueQueryStringParameters": {"a": ["1", "2"]},
    "pathParameters": {"id": "7 a"},
    "stageVariables": None,
    "requestContext": {
        "accountId": "220420460675",
        "requestTime": "12/Mar/2020:19:03:58 +0000",
        "requestTimeEpoch": 1583348638390,
        "identity": {"sourceIp": "192.0.2.7", "userAgent": "agent", "user": None},
        "httpMethod": "GET",
        "protocol": "HTTP/1.1",
        "requestId": "c6af9ac6",
        "stage": "prod",
    },
    "body": None,
    "isBase64Encoded": False,
}
ALB: dict[str, Any] = {
    "requestContext": {
        "elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/a/b"}
    },
    "httpMethod": "GET",
    "path": "/a%20b",
    "queryStringParameters": {"q": "x%20y"},
    "headers": {"accept": "*/*", "x-forwarded-for": "192.0.2.7"},
    "body": "",
    "isBase64Encoded": False,
}
HTTP: dict[str, Any] = {
    "version": "v1",
    "rawPath": "/users/7%20a",
    "headers": {"Accept": "*/*", "Cookie": "c1=1; c2=2", "X-Several": "1,2"},
    "queryParameters": {"a": "1,2"},
    "body": "",
    "isBase64Encoded": False,
    "requestContext": {
        "accountId": "5939306421830868",
        "domainName": "id.cn-hangzhou.fcapp.run",
        "domainPrefix": "id",
        "requestId": "1-64f6cd87",
        "time": "2023-09-05T06:41:11Z",
        "timeEpoch": "1693896071895",
        "http": {
            "method": "GET",
            "path": "/users/7 a",
            "protocol": "HTTP/1.1",
            "sourceIp": "192.0.2.7",
            "userAgent": "agent",
        },
    },
}
EVENTS: dict[str, Any] = {
    "version": "0",
    "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    "detail-type": "Order placed",
    "source": "shop.orders",
    "account": "220420460675",
    "time": "2017-12-22T18:43:48Z",
    "region": "eu-central-1",
    "resources": ["orders/1"],
    "detail": {"n": 9007199254740993, "items": []},
}
CLOUD_EVENT: dict[str, Any] = {
    "id": "45ef4dewdwe1-7c35-447a-bd93-fab",
    "source": "acs:shop",
    "specversion": "1.0",
    "type": "Order placed",
    "datacontenttype": "application/json; charset=utf-8",
    "subject": "orders/1",
    "time": "2020-11-19T21:04:41+08:00",
    "aliyunaccountid": "5939306421830868",
    "aliyuneventbusname": "shop",
    "data": {"n": 9007199254740993},
}
LOGS: dict[str, Any] = {"awslogs": {"data": "H4sIAAAAAAAA"}}
SLS: dict[str, Any] = {
    "parameter": {},
    "source": {
        "endpoint": "http://cn-hangzhou.log.aliyuncs.com",
        "projectName": "p",
        "logstoreName": "l",
        "shardId": 0,
        "beginCursor": "MTUyOTQ4MDIwOTY1NTk3ODQ2Mw==",
        "endCursor": "MTUyOTQ4MDIwOTY1NTk3ODQ2NA==",
    },
    "jobName": "j",
    "taskId": "c2691505-38da-4d1b-998a-f1d4bb8c9994",
    "cursorTime": 1529486425,
}
