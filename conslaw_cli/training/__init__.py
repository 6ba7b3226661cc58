"""A spec's model in floating point, and how it trains: data, loss, flow, optimizers."""
