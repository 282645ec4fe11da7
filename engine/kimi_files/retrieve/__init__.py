"""Finding the passages that answer a question: cutting, indexing, ranking."""
