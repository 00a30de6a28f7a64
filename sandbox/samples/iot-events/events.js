// What the service does, without any cloud: it is handed a store with `put(key, text)` and `list(prefix)`,
// which gives texts in the order of their keys.
const answer = (statusCode, content) => ({
  statusCode,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(content),
});

const add = async (body, store) => {
  let event;
  try {
    event = JSON.parse(body);
  } catch {
    return answer(400, { message: 'The body must be JSON.' });
  }
  const { deviceID, eventType, date, value } = event ?? {};
  if (typeof deviceID !== 'string' || typeof eventType !== 'string' || Number.isNaN(Date.parse(date))) {
    return answer(400, { message: 'deviceID, eventType and date are needed.' });
  }
  const key = `${encodeURIComponent(deviceID)}/${new Date(date).toISOString()}-${encodeURIComponent(eventType)}.json`;
  await store.put(key, JSON.stringify({ deviceID, eventType, date, value }));
  return answer(201, { deviceID });
};

const get = async ({ deviceID, eventType }, store) => {
  if (!deviceID) return answer(400, { message: 'deviceID is needed.' });
  const events = (await store.list(`${encodeURIComponent(deviceID)}/`)).map((text) => JSON.parse(text));
  return answer(200, eventType ? events.filter((event) => event.eventType === eventType) : events);
};

exports.respond = ({ method, query, body }, store) => {
  console.log(`${method} ${JSON.stringify(query)}`);
  return method === 'POST' ? add(body, store) : get(query, store);
};
