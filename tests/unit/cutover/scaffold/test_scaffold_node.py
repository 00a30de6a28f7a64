"""Mixed Node.js functions become a business part with drivers: aws-sdk 2 and 3, promises and callbacks."""

from pathlib import Path

import pytest

from cutover.assessment import read_files
from cutover.scaffold import Package
from tests.unit.cutover.factories import function
from tests.unit.cutover.scaffold.scaffolding import scaffold, sentences, troubles

V2 = """\
const AWS = require('aws-sdk'), path = require('path');

AWS.config.update({ region: 'eu-west-1' });
let calls = 0;

function shout(text) {
  return text.toUpperCase();
}

exports.handler = async (event, context) => {
  // The clients.
  const s3 = new AWS.S3({ signatureVersion: 'v4' });
  const sqs = new AWS.SQS();

  calls += 1;
  const response = await s3.getObject({ Bucket: process.env.BUCKET, 'Key': 'a' }).promise();
  const text = `two
lines ${response.Body}`;
  {
    const response = await s3.putObject({ Bucket: 'b', Key: 'c', Body: shout(text) }).promise();
    console.log(response.ETag);
  }
  const QueueUrl = process.env.QUEUE;
  await sqs.sendMessage({ QueueUrl, MessageBody: response.ContentType, DelaySeconds: 3 }).promise();
  return context.awsRequestId;
};
"""
CALLBACKS = """\
'use strict';
const S3 = require('aws-sdk/clients/s3');
const s3 = new S3();

// Saves it.
function save(key, done) {
  const params = { Bucket: 'b', Key: key };
  params.Body = 'text';
  s3.putObject(params, function (error, data) {
    done(error, data && data.ETag);
  });
}
module.exports = {
  save,
  handler: (event, context, callback) => save(event.key, callback),
};
"""
V3 = """\
import { S3Client, GetObjectCommand, PutObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { SQSClient, SendMessageCommand } from '@aws-sdk/client-sqs';

const s3 = new S3Client({ region: process.env.AWS_REGION });
const sqs = new SQSClient({});

async function read(Bucket, Key) {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
  return Body.transformToByteArray();
}

export const handler = async (event) => {
  const got = await s3.send(new GetObjectCommand({ Bucket: 'a', Key: 'b' }));
  const text = await got.Body.transformToString('utf-8');
  const command = new PutObjectCommand({ Bucket: 'a', Key: 'c', Body: await read('a', text) });
  await s3.send(command);
  const listed = await s3.send(new ListObjectsV2Command({ Bucket: 'a', Prefix: 'x/' }));
  for (const one of listed.Contents ?? []) console.log(one.Key, one.Size);
  await sqs.send(new SendMessageCommand({ QueueUrl: process.env.Q, MessageBody: text }));
};
"""


def test_version_2_with_promises_becomes_calls_of_drivers() -> None:
    made = scaffold("index.js", V2)
    assert not troubles(made)
    assert made.files["index.js"] == (
        """\
const path = require('path');

let calls = 0;

function shout(text) {
  return text.toUpperCase();
}

/**
 * The business part: it knows drivers, and no cloud.
 * Takes queue, storage as drivers/ describes, and gives what the file exported.
 */
module.exports = function createBusiness({ queue, storage }) {
  const handler = async (event, context) => {
    calls += 1;
    const response = await storage.getObject({ bucket: process.env.BUCKET, key: 'a' });
    const text = `two
lines ${response.body}`;
    {
      const response = await storage.putObject({ bucket: 'b', key: 'c', body: shout(text) });
      console.log(response.etag);
    }
    const QueueUrl = process.env.QUEUE;
    await queue.send({ queue: QueueUrl, body: response.contentType, delaySeconds: 3 });
    return context.awsRequestId;
  };

  return { handler };
};
"""
    )
    assert [note.place for note in made.notes] == ["package"]


def test_the_handler_of_aws_makes_the_clients_as_the_function_did() -> None:
    handler = scaffold("index.js", V2).files["handler-aws.js"]
    assert "const AWS = require('aws-sdk');\nAWS.config.update({ region: 'eu-west-1' });\n" in handler
    assert "storage: new S3ObjectStorage(new AWS.S3({ signatureVersion: 'v4' }))," in handler
    assert handler.endswith("exports.handler = business.handler;\n")


def test_a_client_that_needs_what_only_the_function_knows_is_left_to_the_reviewer() -> None:
    mixed = V2.replace("{ signatureVersion: 'v4' }", "{ region: event.region }")
    handler = scaffold("index.js", mixed).files["handler-aws.js"]
    assert "// Reviewer: the client was made with event, unknown here" in handler
    assert "new S3ObjectStorage(new AWS.S3())" in handler


def test_callbacks_stay_callbacks() -> None:
    made = scaffold("index.js", CALLBACKS)
    assert not troubles(made)
    text = made.files["index.js"]
    assert text.startswith("'use strict';\n\nconst { withCallback } = require('./drivers/with-callback');\n")
    assert "  // Saves it.\n  function save(key, done) {\n" in text
    assert "const params = { bucket: 'b', key: key };\n    params.body = 'text';" in text
    assert "withCallback(storage.putObject(params), function (error, data) {" in text
    assert "done(error, data && data.etag);" in text
    assert "const handler = (event, context, callback) => save(event.key, callback);" in text
    assert "return { save, handler };" in text
    assert "aws-sdk" not in text
    assert "new Promise" in made.files["handler-alibaba.js"]


def test_version_3_sends_no_commands_and_reads_buffers() -> None:
    made = scaffold("index.mjs", V3)
    assert not troubles(made)
    text = made.files["index.mjs"]
    assert text.startswith("/**\n * The business part")
    assert "const { body: Body } = await storage.getObject({ bucket: Bucket, key: Key });\n" in text
    assert "return Body;" in text
    assert "const text = await got.body.toString('utf-8');" in text
    assert "const command = { bucket: 'a', key: 'c', body: await read('a', text) };" in text
    assert "await storage.putObject(command);" in text
    assert "for (const one of listed.objects ?? []) console.log(one.key, one.size);" in text
    assert "await queue.send({ queue: process.env.Q, body: text });" in text
    assert "export default function createBusiness({ queue, storage }) {" in text
    assert {"drivers/s3-object-storage.cjs", "handler-aws.mjs", "handler-alibaba.mjs"} <= set(made.files)
    assert "import createBusiness from './index.mjs';" in made.files["handler-alibaba.mjs"]


def test_a_stream_of_version_3_stays_one_and_the_reviewer_hears_of_its_size() -> None:
    mixed = V3.replace("return Body.transformToByteArray();", "for await (const part of Body) use(part);")
    made = scaffold("index.mjs", mixed)
    assert "for await (const part of Readable.from([Body])) use(part);" in made.files["index.mjs"]
    assert "import { Readable } from 'stream';" in made.files["index.mjs"]
    assert "index.mjs:9 the object is read whole now" in sentences(made)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Key: 'c',", "Key: 'c', ACL: 'private',", "ACL is passed on to AWS as it is"),
        ("Key: 'c',", "Key: 'c', ...more,", "name them one by one"),
        ("  calls += 1;", "  await s3.headObject({}).promise();", "headObject of S3 is not in the drivers'"),
        ("  calls += 1;", "  share(s3);", "s3 itself goes on from here"),
        ("  calls += 1;", "  await new AWS.DynamoDB().getItem({}).promise();", "dynamodb has no driver here"),
        ("response.ContentType", "response.Expires", "Expires is not among what comes back"),
        ("context.awsRequestId", "context.logStreamName", "context.logStreamName has no counterpart on FC"),
    ],
)
def test_what_cannot_be_brought_over_is_said_at_its_place(old: str, new: str, said: str) -> None:
    made = scaffold("index.js", V2.replace(old, new))
    assert not troubles(made)
    assert said in sentences(made)
    if "context." not in new:
        assert "// Reviewer: " in made.files["index.js"]
    keeps_client = "headObject" in new or "DynamoDB" in new or "share" in new
    assert ("aws-sdk" in made.files["index.js"]) is keeps_client


def test_files_that_the_handler_loads_become_business_parts_too() -> None:
    store = V2.replace("exports.handler = async (event, context)", "exports.store = async (event, context)")
    index = (
        "const { store } = require('./lib/store');\nexports.handler = async (event) => store(event, {});\n"
    )
    made = scaffold("index.js", index, lib__store_js=store)
    assert not troubles(made)
    assert "module.exports = function createBusiness({ queue, storage }) {" in made.files["lib/store.js"]
    assert "const { store } = require('./lib/store')({ queue, storage });" in made.files["index.js"]


def test_names_of_the_function_do_not_hide_the_drivers() -> None:
    made = scaffold("index.js", V2.replace("QueueUrl", "queue"))
    assert "await messageQueue.send({" in made.files["index.js"]
    assert "messageQueue: new MnsMessageQueue({" in made.files["handler-alibaba.js"]


def test_dependencies_are_added_in_the_versions_of_the_lock() -> None:
    made = scaffold("index.js", V2, package_json='{"name": "x", "dependencies": {"jimp": "0.6.1"}}')
    assert made.dependencies == (
        Package(name="ali-oss", version="6.23.0", ecosystem="npm"),
        Package(name="@alicloud/mns", version="1.2.0", ecosystem="npm"),
    )
    assert '"ali-oss": "6.23.0",\n    "jimp": "0.6.1"' in made.files["package.json"]
    tabbed = scaffold("index.js", V2, package_json='{\n\t"name": "x"\n}')
    assert tabbed.files["package.json"].startswith('{\n\t"name": "x",\n\t"dependencies": {\n\t\t"@alicloud')
    lock = (Path(__file__).parents[4] / "package-lock.json").read_text()
    for one in made.dependencies:
        assert f'"node_modules/{one.name}": {{\n      "version": "{one.version}"' in lock


def test_the_event_of_the_trigger_is_brought_to_its_shape_on_aws() -> None:
    read = V2.replace("'Key': 'a'", "Key: event.Records[0].s3.object.key")
    assert "function objectRecord(" in scaffold("index.js", read).files["handler-alibaba.js"]
    read = V2.replace("'Key': 'a'", "Key: event.Records[0].body")
    assert "function messageRecord(" in scaffold("index.js", read).files["handler-alibaba.js"]
    assert "which events come in is not known" in scaffold("index.js", V2).files["handler-alibaba.js"]


def test_equal_input_gives_equal_output_and_line_ends_stay() -> None:
    assert scaffold("index.js", V2) == scaffold("index.js", V2)
    changed = scaffold("index.js", V2.replace("\n", "\r\n")).files["index.js"]
    assert changed.count("\n") == changed.count("\r\n")
    assert changed.replace("\r\n", "\n") == scaffold("index.js", V2).files["index.js"]


def test_a_source_that_was_read_already_will_do() -> None:
    from cutover.scaffold import generate

    facts = function(runtime="nodejs20.x", handler="index.handler")
    assert generate(read_files({"index.js": V2.encode()}), facts) == scaffold("index.js", V2)
