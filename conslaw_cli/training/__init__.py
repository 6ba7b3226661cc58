"""Training in floating point: a spec's model, data, loss and gradient; the continuous flow and discrete optimizers."""
