"""The event engine: its parts put together, started and stopped."""

import time

from sandbox.aws.durable.store import Store
from sandbox.aws.events.asynchronous import AsyncInvocations
from sandbox.aws.events.destinations import Destinations
from sandbox.aws.events.objects import Objects
from sandbox.aws.events.polling import Polling
from sandbox.aws.events.rules import Rules
from sandbox.aws.events.schedules import Schedules
from sandbox.aws.events.topics import Topics
from sandbox.aws.functions.invoking import Invoker
from sandbox.aws.functions.model import Account


class Engine:
    """Everything that runs functions without a caller.

    retry_s: see AsyncInvocations. schedule_speed: how much faster than the world's the clock of rules and
    schedules runs, from the start of this process on.
    """

    def __init__(
        self,
        *,
        account: Account,
        invoker: Invoker,
        store: Store,
        retry_s: float,
        schedule_speed: float = 1.0,
    ) -> None:
        destinations = Destinations(account)
        self._asynchronous = AsyncInvocations(
            account=account, invoker=invoker, store=store, destinations=destinations, retry_s=retry_s
        )
        invoker.submit = destinations.submit = self._asynchronous.submit
        self._polling = Polling(account, invoker)
        rules = Rules(account, destinations)
        began = time.time()
        self._schedules = Schedules(
            account,
            destinations,
            rules,
            store,
            now=lambda: began + (time.time() - began) * schedule_speed,
        )
        for source in (Objects(account, destinations), Topics(account, destinations), rules, self._schedules):
            source.install()

    def start(self) -> None:
        """Take up what an earlier run left; called when functions can be run."""
        self._asynchronous.resume()
        self._polling.start()
        self._schedules.start()

    def close(self) -> None:
        """Stop; what is not dealt with stays on disk."""
        self._schedules.close()
        self._polling.close()
        self._asynchronous.close()
