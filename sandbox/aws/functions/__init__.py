"""Lambda: its control plane as stored state, its data plane on the shared executor.

Written on its own instead of patched into moto: of moto 5.2.5's Lambda hardly an operation that a migration
stands on (qualifiers, weights, revision ids, update states, immutable versions) would have stayed as it is.
"""
