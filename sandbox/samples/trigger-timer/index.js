// Woken by the clock: a rule of EventBridge on AWS, a timer trigger on Function Compute.
// The event is an object there and a Buffer here; their fields have nothing in common.
exports.handler = (event, context, callback) => {
  const tick = Buffer.isBuffer(event) ? JSON.parse(event.toString()) : event;
  console.log(`Woken at ${new Date().toISOString()}, due at ${tick.time ?? tick.triggerTime}`);
  console.log(`Event: ${JSON.stringify(tick)}`);
  callback(null, 'done');
};
