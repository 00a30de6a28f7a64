"""The event engine: its parts put together, started and stopped."""

from sandbox.aws.durable.store import Store
from sandbox.aws.events.asynchronous import AsyncInvocations
from sandbox.aws.events.destinations import Destinations
from sandbox.aws.events.polling import Polling
from sandbox.aws.functions.invoking import Invoker
from sandbox.aws.functions.model import Account


class Engine:
    """Everything that runs functions without a caller."""

    def __init__(self, *, account: Account, invoker: Invoker, store: Store, retry_s: float) -> None:
        destinations = Destinations(account)
        self._asynchronous = AsyncInvocations(
            account=account, invoker=invoker, store=store, destinations=destinations, retry_s=retry_s
        )
        self._polling = Polling(account, invoker)
        invoker.submit = destinations.submit = self._asynchronous.submit

    def start(self) -> None:
        """Take up what an earlier run left; called when functions can be run."""
        self._asynchronous.resume()
        self._polling.start()

    def close(self) -> None:
        """Stop; what is not dealt with stays on disk."""
        self._polling.close()
        self._asynchronous.close()
