"""A side of a comparison at a plain address: anything that speaks Lambda's runtime interface emulator."""

from clouds.rie.invoker import EmulatorInvoker, NoLogs

__all__ = ["EmulatorInvoker", "NoLogs"]
