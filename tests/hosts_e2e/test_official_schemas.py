"""The official schemas are at hand, and a message that breaks them is found: what every recorded session relies on."""

from __future__ import annotations

import jsonschema
import pytest

from tests.hosts_e2e.installed import missing, official_schemas
from tests.server.protocol import official_kind, official_validator

pytestmark = pytest.mark.skipif(bool(missing("conformance")), reason=missing("conformance"))

TOOL = {"name": "read", "inputSchema": {"type": "object"}}


@pytest.mark.parametrize("version", ["2025-11-25", "2026-07-28"])
def test_a_broken_message_is_found(version):
    assert len(official_schemas()[version]["$defs"]) > 140
    extra = {"cacheScope": "private", "resultType": "complete", "ttlMs": 0} if version == "2026-07-28" else {}
    whole, result = official_kind({"jsonrpc": "2.0", "id": 1, "result": extra}, "tools/list")
    official_validator(version, whole).validate({"jsonrpc": "2.0", "id": 1, "result": extra})
    official_validator(version, result).validate({"tools": [TOOL], **extra})
    with pytest.raises(jsonschema.ValidationError):
        official_validator(version, result).validate({"tools": [{**TOOL, "title": 5}], **extra})
    with pytest.raises(jsonschema.ValidationError):
        official_validator(version, whole).validate({"jsonrpc": "2.0", "id": None, "result": extra})
