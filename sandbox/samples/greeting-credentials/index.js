// Greets by name whoever it could look up on AWS. It takes for granted that the environment holds credentials of AWS,
// which AWS Lambda gives it; Function Compute has none, so everybody is a stranger there, without any error.
exports.handler = async (event) => {
  console.log('hello world');
  console.log(process.version);
  const mayLookUp = Boolean(process.env.AWS_ACCESS_KEY_ID);
  const name = mayLookUp && event.name ? String(event.name) : 'stranger';
  return {
    greeting: `hello ${name}`,
    guest: { known: mayLookUp, letters: name.length },
    items: (event.items ?? []).length,
  };
};
