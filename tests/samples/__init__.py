"""Makes real files of each format for the tests, byte by byte, so that what stands in them is known."""
