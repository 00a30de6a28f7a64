"""Real functions with recorded behaviour, run on both halves of the sandbox and assessed: `make cases`."""
