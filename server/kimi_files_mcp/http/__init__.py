"""The ``/v1/files`` contract over HTTP: the same files service, for every program that knows an OpenAI client."""
