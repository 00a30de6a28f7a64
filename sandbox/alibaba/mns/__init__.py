"""Message Service (MNS, now SMQ): queues, topics, subscriptions."""
