// Prices an order. There is nothing wrong with it: the sandbox's fault page makes it fail on Function Compute.
exports.handler = async (event) => {
  const order = Buffer.isBuffer(event) ? JSON.parse(event.toString()) : event;
  console.log('hello world');
  console.log(process.version);
  const lines = (order.items ?? []).map((item) => ({ name: item.name, amount: item.quantity * item.price }));
  const net = lines.reduce((sum, line) => sum + line.amount, 0);
  const discount = net >= 100 ? Math.round(net / 10) : 0;
  console.info(`order of ${order.name ?? 'nobody'} has ${lines.length} lines`);
  return { customer: order.name ?? null, lines, price: { net, discount, due: net - discount } };
};
