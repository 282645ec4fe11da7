"""Chat completions of Kimi or of any OpenAI-compatible endpoint: which model, and its answer as it streams."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import anyio

from kimi_files.errors import FileNotFound, KimiFilesError
from kimi_files.kimi.client import KimiClient
from kimi_files.kimi.errors import ContentRefused, RemoteFailure, RequestRefused, ServiceFault
from kimi_files.kimi.patience import Patience
from kimi_files.kimi.prompt import Message
from kimi_files.kimi.replies import odd_reply
from kimi_files.progress import Progress
from kimi_files.redaction import redacted

# The default of Kimi's own examples, taken where the account has it.
_PREFERRED = "kimi-k3"
_NOT_FOR_CHAT = re.compile(r"embed|rerank|whisper|tts|moderation|ocr", re.I)
_CONTEXT_NAMES = ("context_length", "max_model_len", "max_context_length", "context_window")

UNKNOWN_CONTEXT = 8_192
"""Tokens that are taken for the window of a model whose endpoint does not say: what small local models are run with."""

# A broken stream is asked for once more; each time costs the whole prompt.
_MOST_STREAMS = 2
_THOUGHTS = re.compile(r"\A\s*<think>.*?(?:</think>\s*|\Z)", re.S)


@dataclass(frozen=True, slots=True)
class ChatModel:
    """``context`` is the window in tokens; ``images`` and ``videos`` say what it takes, None where nobody knows."""

    id: str
    context: int = UNKNOWN_CONTEXT
    images: bool | None = None
    videos: bool | None = None


@dataclass(frozen=True, slots=True)
class ChatReply:
    """``tokens_in`` and ``tokens_out`` are 0 where the endpoint does not tell; ``is_cut``: it stopped at its limit."""

    text: str
    tokens_in: int
    tokens_out: int
    is_cut: bool


class Chat:
    """One endpoint. ``model`` is the one that the user chose, if any; ``is_kimi`` that Kimi's own additions may be used.

    ``secret`` is something that nobody who writes a file knows.
    """

    def __init__(self, client: KimiClient, model: str | None, *, is_kimi: bool) -> None:
        self.client = client
        self.is_kimi = is_kimi
        # Without a key, as with most models on this machine, nothing but this process knows it.
        self.secret = client.endpoint.key or secrets.token_hex(16)
        self._wanted = model
        self._model: ChatModel | None = None
        self._choosing = anyio.Lock()

    async def model(self, progress: Progress) -> ChatModel:
        """The model to ask, looked up once. ServiceFault if the endpoint has none, RequestRefused if not the chosen one."""
        async with self._choosing:
            if self._model is None:
                self._model = await self._look_up(progress)
            return self._model

    async def reply(
        self, model: ChatModel, conversation: Sequence[Message], max_tokens: int, progress: Progress
    ) -> ChatReply:
        """The model's answer, streamed. Leaving it, by a cancel too, closes the request.

        Raises PromptTooLong, ContentRefused, and what else the endpoint says.
        """
        patience = Patience(self.client.policy, self.client.clock, progress)
        request = self._request(model, conversation, max_tokens)
        streams = 0
        while True:
            collected = _Collected(model.id)
            try:
                async with self.client.events("/chat/completions", request) as events:
                    await collected.read(events, progress)
                return collected.reply()
            except RemoteFailure as failure:
                streams += failure.kind == "unknown"
                if streams >= _MOST_STREAMS:
                    raise failure.error from None
                await patience.after(failure)

    async def count_tokens(self, model: ChatModel, conversation: Sequence[Message]) -> int | None:
        """What the service itself counts; None where it does not."""
        if not self.is_kimi:
            return None
        request = {"model": model.id, "messages": [*conversation]}
        try:
            counted = await self.client.post("/tokenizers/estimate-token-count", request, "a token count")
        except RemoteFailure:
            return None  # our own estimate has to do
        total = counted["data"].get("total_tokens") if isinstance(counted.get("data"), dict) else None
        return total if isinstance(total, int) else None

    async def aclose(self) -> None:
        """Close the connections."""
        await self.client.aclose()

    async def _look_up(self, progress: Progress) -> ChatModel:
        try:
            listed = await self.client.get("/models", "a list of models", progress)
        except (RequestRefused, FileNotFound):
            # Not every endpoint lists its models.
            if self._wanted is None:
                raise _no_model(self.client) from None
            return ChatModel(self._wanted)
        records = listed.get("data")
        models = [model for model in map(_model, records) if model] if isinstance(records, list) else []
        if self._wanted is not None:
            return next((model for model in models if model.id == self._wanted), ChatModel(self._wanted))
        chosen = choose(models)
        if chosen is None:
            raise _no_model(self.client)
        return chosen

    def _request(self, model: ChatModel, conversation: Sequence[Message], max_tokens: int) -> dict[str, Any]:
        # No sampling parameters: current models fix them and refuse a request that sets one.
        limit = "max_completion_tokens" if self.is_kimi else "max_tokens"
        return {
            "model": model.id,
            "messages": [*conversation],
            limit: max_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
        }


def choose(models: Sequence[ChatModel]) -> ChatModel | None:
    """The model to ask where nobody chose: Kimi's default, else the one that takes most: videos, images, long texts."""
    for model in models:
        if model.id == _PREFERRED:
            return model
    able = [model for model in models if not _NOT_FOR_CHAT.search(model.id)]
    return max(able, key=lambda model: (bool(model.videos), bool(model.images), model.context), default=None)


class _Collected:
    """An answer that is arriving."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._parts: list[str] = []
        self._characters = 0
        self._thought = 0
        self._finished: str | None = None
        self._usage: dict[str, Any] = {}

    async def read(self, events: AsyncIterator[str], progress: Progress) -> None:
        async for untrusted_event in events:
            if untrusted_event.strip() == "[DONE]":
                return
            self._take(untrusted_event)
            if self._characters:
                await progress(self._characters, None, f"{self._model} is answering ({self._characters:,} characters)")
            elif self._thought:
                await progress(self._thought, None, f"{self._model} is thinking ({self._thought:,} characters)")

    def reply(self) -> ChatReply:
        """The whole answer. RemoteFailure (unknown) if the stream ended before it did."""
        text = _THOUGHTS.sub("", "".join(self._parts)).strip()
        if self._finished is None:
            raise odd_reply("a whole answer", 200)
        if self._finished == "content_filter":
            error = ContentRefused("The service's content filter stopped the answer.", "Ask in other words.")
            raise RemoteFailure(error, "refused")
        if not text:
            raise RemoteFailure(_nothing_said(self._model, self._finished), "refused")
        return ChatReply(
            text=redacted(text),
            tokens_in=_count(self._usage.get("prompt_tokens")),
            tokens_out=_count(self._usage.get("completion_tokens")),
            is_cut=self._finished == "length",
        )

    def _take(self, untrusted_event: str) -> None:
        try:
            value = json.loads(untrusted_event)
        except (ValueError, RecursionError):
            raise odd_reply("an event of a chat", 200) from None
        if not isinstance(value, dict) or value.get("error"):
            raise _said_error(value)
        if isinstance(value.get("usage"), dict):
            self._usage = value["usage"]
        choices = value.get("choices")
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
            return
        choice = choices[0]
        if isinstance(choice.get("usage"), dict):
            self._usage = choice["usage"]
        if isinstance(choice.get("finish_reason"), str):
            self._finished = choice["finish_reason"]
        for said in (choice.get("delta"), choice.get("message")):
            if isinstance(said, dict):
                self._take_words(said)

    def _take_words(self, said: dict[str, Any]) -> None:
        if isinstance(words := said.get("content"), str):
            self._parts.append(words)
            self._characters += len(words)
        if isinstance(thought := said.get("reasoning_content") or said.get("reasoning"), str):
            self._thought += len(thought)


def _model(record: object) -> ChatModel | None:
    if not isinstance(record, dict) or not isinstance(record.get("id"), str):
        return None
    context = next((record[name] for name in _CONTEXT_NAMES if isinstance(record.get(name), int)), UNKNOWN_CONTEXT)
    images, videos = record.get("supports_image_in"), record.get("supports_video_in")
    return ChatModel(
        record["id"],
        context if context > 0 else UNKNOWN_CONTEXT,
        images if isinstance(images, bool) else None,
        videos if isinstance(videos, bool) else None,
    )


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


def _said_error(value: object) -> RemoteFailure:
    """An error in the middle of a stream."""
    error = value.get("error") if isinstance(value, dict) else None
    words = error.get("message") if isinstance(error, dict) else error
    said = f": {redacted(str(words))[:300]}" if words else ""
    return RemoteFailure(ServiceFault(f"The model stopped with an error{said}.", "Call again in a moment."), "unknown")


def _nothing_said(model: str, finished: str) -> ServiceFault:
    why = " It used up its tokens for thinking." if finished == "length" else ""
    return ServiceFault(f"{model} gave an empty answer.{why}", "Call again with a larger max_tokens, or ask for less.")


def _no_model(client: KimiClient) -> KimiFilesError:
    return ServiceFault(
        f"The endpoint {client.endpoint.base_url} lists no model to ask.", "Name one with KIMI_FILES_MODEL."
    )
