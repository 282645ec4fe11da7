"""What an agent calls: one module per tool. Knows nothing of transports."""
