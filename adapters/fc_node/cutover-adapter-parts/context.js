// Lambda's context from FC's. Names of log group and stream have Lambda's form; the lines themselves are in SLS.
'use strict';
const crypto = require('crypto');

const instance = process.env.FC_INSTANCE_ID || `${process.pid}-${Date.now()}`;
const stream = crypto.createHash('md5').update(instance).digest('hex');
const day = new Date().toISOString().slice(0, 10).replace(/-/g, '/');

function contextOf(given, settings) {
  const fc = given || {};
  const timeoutS = Number((fc.function || {}).timeout) || settings.timeout_s;
  const deadline = Date.now() + timeoutS * 1000;
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: settings.function_version,
    functionName: settings.function_name,
    memoryLimitInMB: String(settings.memory_mb),
    logGroupName: `/aws/lambda/${settings.function_name}`,
    logStreamName: `${day}/[${settings.function_version}]${stream}`,
    clientContext: undefined,
    identity: undefined,
    invokedFunctionArn: settings.function_arn,
    awsRequestId: fc.requestId || '',
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

module.exports = { contextOf };
