"""The library: what a file is, who may read it, how its text is extracted, kept and searched. Knows nothing of MCP."""
