"""The promises about hostile files, faults and confused clients in their full size: ``python -m bench.hostile``."""
