// Says hello and adds up what is in the basket. Runs on AWS Lambda (the event is an object) and on
// Function Compute (the event is a Buffer).
exports.handler = async (event) => {
  const asked = Buffer.isBuffer(event) ? JSON.parse(event.toString()) : event;
  console.log('hello world');
  console.log(process.version);
  const items = asked.items ?? [];
  const total = items.reduce((sum, item) => sum + item.quantity * item.price, 0);
  return {
    greeting: `hello ${asked.name ?? 'world'}`,
    basket: { count: items.length, total, names: items.map((item) => item.name) },
    runtime: { language: 'node', major: Number(process.versions.node.split('.')[0]) },
  };
};
