// The service behind an HTTP trigger, with OSS as its store.
const OSS = require('ali-oss');
const { respond } = require('./events');

const storeFor = ({ credentials, region }) => {
  const oss = new OSS({
    region: `oss-${region}`,
    endpoint: process.env.OSS_ENDPOINT,
    accessKeyId: credentials.accessKeyId,
    accessKeySecret: credentials.accessKeySecret,
    stsToken: credentials.securityToken,
    bucket: process.env.BUCKET,
  });
  return {
    put: (key, text) => oss.put(key, Buffer.from(text)),
    list: async (prefix) => {
      const { objects } = await oss.listV2({ prefix, 'max-keys': 1000 });
      return Promise.all((objects ?? []).map(async ({ name }) => (await oss.get(name)).content.toString()));
    },
  };
};

exports.handler = (event, context) => {
  const request = JSON.parse(event.toString());
  return respond(
    {
      method: request.requestContext.http.method,
      query: request.queryParameters,
      body: request.isBase64Encoded ? Buffer.from(request.body, 'base64').toString() : request.body,
    },
    storeFor(context),
  );
};
