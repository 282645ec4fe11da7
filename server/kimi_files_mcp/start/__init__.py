"""Answers a host before the SDK is loaded, from what the SDK said at an earlier start."""
