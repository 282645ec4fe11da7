"""The files service of Kimi: the same interface as the local one, spoken over HTTPS with a ledger of what was sent."""
