"""The process: settings, the MCP app over stdio, the command line."""

__version__ = "0.1.0"
