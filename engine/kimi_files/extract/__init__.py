"""Readers: one module per family of formats. They run in worker processes only."""
