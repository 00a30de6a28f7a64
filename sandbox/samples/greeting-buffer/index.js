// Greets by name. It reads the event as an object, which AWS Lambda gives it; on Function Compute the event is a
// Buffer, so it needs the adapter there: without it the name is undefined and the answer wrong without any error.
exports.handler = (event, context, callback) => {
  console.log('hello world');
  console.log(process.version);
  const name = event.name ? String(event.name) : 'stranger';
  callback(null, {
    greeting: `hello ${name}`,
    guest: { known: Boolean(event.name), letters: name.length },
    items: (event.items ?? []).length,
  });
};
