"""The OpenAPI document that is served: the contract's, with the operations that the contract leaves open."""

from __future__ import annotations

import copy
import json
from functools import cache
from importlib.resources import files
from typing import Any

Document = dict[str, Any]

_ERRORS = {
    400: "Bad request - Invalid parameters",
    401: "Unauthorized - Invalid or missing API key",
    404: "Not found",
    429: "Too many requests at once; Retry-After says when to come again",
    500: "Server error",
    502: "The chat endpoint cannot be reached",
    503: "The service is being stopped",
    504: "The chat endpoint did not answer in time",
}
_FILE_ID = {
    "name": "file_id",
    "in": "path",
    "required": True,
    "description": "Unique file identifier",
    "schema": {"type": "string", "minLength": 1},
}


@cache
def contract() -> Document:
    """The contract as it was given: the upload, ``FileObject`` and ``ErrorResponse``."""
    text = (files("kimi_files_mcp.http") / "openapi-files.json").read_text(encoding="utf-8")
    document: Document = json.loads(text)
    return document


@cache
def openapi_json() -> bytes:
    """The whole document, compact."""
    return json.dumps(_document(), ensure_ascii=False, separators=(",", ":")).encode()


def _document() -> Document:
    document = copy.deepcopy(contract())
    document["servers"] = [{"url": "/", "description": "This machine"}]
    document["components"]["schemas"].update(_SCHEMAS)
    document["paths"]["/v1/files"]["post"]["responses"].update(_failures(429, 503))
    document["paths"]["/v1/files"]["get"] = _list_files()
    document["paths"]["/v1/files/{file_id}"] = {
        "parameters": [_FILE_ID],
        "get": _operation("Retrieve File", "File metadata", _ref("FileObject"), 404),
        "delete": _operation("Delete File", "The file is gone", _ref("FileDeleted"), 404),
    }
    document["paths"]["/v1/files/{file_id}/content"] = {"parameters": [_FILE_ID], "get": _file_content()}
    document["paths"]["/v1/models"] = {
        "get": _operation("List Models", "The chat endpoint's models", _ref("ModelList"), *_CHAT_FAILURES, tag="Chat")
    }
    document["paths"]["/v1/chat/completions"] = {"post": _chat()}
    document["paths"]["/healthz"] = {"get": _health()}
    return document


_CHAT_FAILURES = (404, 502, 504)

_SCHEMAS: Document = {
    "FileList": {
        "type": "object",
        "properties": {
            "object": {"type": "string", "const": "list"},
            "data": {"type": "array", "items": {"$ref": "#/components/schemas/FileObject"}},
            "has_more": {"type": "boolean", "description": "Whether there are files after the last of these"},
        },
        "required": ["object", "data", "has_more"],
    },
    "FileDeleted": {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "object": {"type": "string", "const": "file"},
            "deleted": {"type": "boolean"},
        },
        "required": ["id", "object", "deleted"],
    },
    "FileText": {
        "type": "object",
        "description": "The text of a file with the purpose file-extract",
        "properties": {
            "content": {"type": "string"},
            "file_type": {"type": "string", "description": "Media type", "example": "application/pdf"},
            "filename": {"type": "string"},
            "title": {"type": "string"},
            "type": {"type": "string", "const": "file"},
        },
        "required": ["content", "file_type", "filename", "title", "type"],
    },
    "ModelList": {
        "type": "object",
        "properties": {"object": {"type": "string"}, "data": {"type": "array", "items": {"type": "object"}}},
        "required": ["data"],
    },
}


def _operation(summary: str, success: str, schema: Document, *failures: int, tag: str = "Files") -> Document:
    return {
        "tags": [tag],
        "summary": summary,
        "responses": {
            "200": {"description": success, "content": {"application/json": {"schema": schema}}},
            **_failures(400, 401, *failures, 429, 500, 503),
        },
        "security": [{"bearerAuth": []}],
    }


def _failures(*statuses: int) -> Document:
    body = {"application/json": {"schema": _ref("ErrorResponse")}}
    return {str(status): {"description": _ERRORS[status], "content": body} for status in statuses}


def _ref(name: str) -> Document:
    return {"$ref": f"#/components/schemas/{name}"}


def _list_files() -> Document:
    purposes = contract()["components"]["schemas"]["FileObject"]["properties"]["purpose"]["enum"]
    operation = _operation("List Files", "Files, newest first unless order says otherwise", _ref("FileList"), 404)
    operation["parameters"] = [
        _query("purpose", "Only files with this purpose", {"type": "string", "enum": purposes}),
        _query("after", "Id of the last file of the page before", {"type": "string"}),
        _query("limit", "At most so many; all without it", {"type": "integer", "minimum": 1, "maximum": 10_000}),
        _query("order", "By created_at", {"type": "string", "enum": ["asc", "desc"], "default": "desc"}),
    ]
    return operation


def _query(name: str, description: str, schema: Document) -> Document:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def _file_content() -> Document:
    operation = _operation(
        "Get File Content",
        "file-extract: the text; batch: the lines as they were uploaded. Files for image and video have none: 400",
        _ref("FileText"),
        404,
    )
    operation["responses"]["200"]["content"]["application/jsonl"] = {"schema": {"type": "string"}}
    return operation


def _chat() -> Document:
    operation = _operation("Chat", "The chat endpoint's answer", {"type": "object"}, *_CHAT_FAILURES, tag="Chat")
    operation["description"] = "Passed through to the chat endpoint that is configured; 404 where none is."
    operation["responses"]["200"]["content"]["text/event-stream"] = {"schema": {"type": "string"}}
    operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
    return operation


def _health() -> Document:
    body = {"type": "object", "properties": {"status": {"type": "string", "const": "ok"}}, "required": ["status"]}
    return {
        "summary": "Whether the service answers",
        "responses": {"200": {"description": "It does", "content": {"application/json": {"schema": body}}}},
    }
