// Called for messages. SQS hands over batches with attributes; an MNS topic hands over one message each.
exports.handler = (event, context, callback) => {
  const told = Buffer.isBuffer(event) ? JSON.parse(event.toString()) : event;
  const bodies = told.Records ? told.Records.map(({ body }) => body) : [told.Message];
  for (const body of bodies) console.log(`Message: ${body}`);
  console.log(`Event: ${JSON.stringify(told)}`);
  callback(null, { messages: bodies });
};
