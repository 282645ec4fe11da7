"""Office documents: two parsing libraries behind one interface of ours, and the parts of a package that neither tells."""
