"""What a worker does when Redis goes away in the middle of a message."""

from kombu import Queue

from workers.celery import app


def test_a_channel_with_an_unacknowledged_message_closes_though_its_connection_is_gone() -> None:
    with app.connection_for_write() as connection:
        channel = connection.channel()
        queue = Queue("test-lost-connection", channel=channel)
        queue.declare()
        connection.Producer(channel).publish({}, routing_key=queue.name)
        message = queue.get()
        assert message is not None
        assert message.delivery_tag in channel.qos._delivered

        connection.transport.client = None
        channel.close()

        assert channel.closed
        connection.transport.client = connection
        queue(connection.default_channel).delete()


def test_a_message_is_acknowledged_or_put_back_without_harm_after_its_channel_has_closed() -> None:
    with app.connection_for_write() as connection:
        channel = connection.channel()
        queue = Queue("test-late-answer", channel=channel)
        queue.declare()
        for _ in range(2):
            connection.Producer(channel).publish({}, routing_key=queue.name)
        first, second = queue.get(), queue.get()
        assert first is not None
        assert second is not None
        channel.close()
        assert channel.connection is None

        first.ack()
        second.reject(requeue=True)

        queue(connection.default_channel).delete()


def test_a_message_is_acknowledged_while_its_channel_is_open() -> None:
    with app.connection_for_write() as connection:
        channel = connection.channel()
        queue = Queue("test-answer", channel=channel)
        queue.declare()
        connection.Producer(channel).publish({}, routing_key=queue.name)
        message = queue.get()
        assert message is not None
        assert channel.client.hexists(channel.unacked_key, message.delivery_tag)

        message.ack()

        assert not channel.client.hexists(channel.unacked_key, message.delivery_tag)
        queue.delete()
