"""What makes functions run without a caller: asynchronous events, queues, objects, topics, rules and
schedules."""
