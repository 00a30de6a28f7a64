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
