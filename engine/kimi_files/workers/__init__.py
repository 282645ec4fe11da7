"""Parser processes: killable, with a deadline and a memory limit. What they send is untrusted until it was checked."""
