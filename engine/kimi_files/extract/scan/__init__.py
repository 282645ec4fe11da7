"""Reads pictures of text: recognition, and what makes a page of the lines that it finds."""
