"""The files service on this machine: a SQLite catalogue and content-addressed blobs, shared by any number of servers."""
