"""Feed broken mammograms to the gate and the decoder, and count what comes of it."""
