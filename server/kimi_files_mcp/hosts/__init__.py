"""The hosts that people use: where each one keeps its configuration, what it expects there, and how to edit it safely."""
