"""The served OpenAPI document: the contract in it is the contract, and the service does what it says."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, settings
from schemathesis.config import SchemathesisConfig

from kimi_files_mcp.http.schema import contract, openapi_json
from tests.server.http.conftest import KEY

CONTRACT = Path(__file__).parent / "openapi-files.yaml"

# A file may be valid by the schema and still not be what its purpose asks for: the contract's 400.
schema = schemathesis.openapi.from_dict(
    json.loads(openapi_json()),
    config=SchemathesisConfig.from_dict(
        {
            "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "400", "401", "404", "429"]}},
            "generation": {"with-security-parameters": False},  # the test sends the key itself
        }
    ),
)


@schema.parametrize()
@settings(
    max_examples=25,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_one_that_the_schema_documents(case, running):
    case.call_and_validate(
        base_url=running.base_url.removesuffix("/v1"), headers={"Authorization": f"Bearer {KEY}"}, timeout=60
    )


def test_the_contract_inside_the_package_is_the_contract():
    assert contract() == yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))


def test_the_served_document_holds_the_contract_unchanged(running):
    served = httpx.get(running.base_url.replace("/v1", "/openapi.json"), trust_env=False).json()
    given = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
    assert served["openapi"] == given["openapi"]
    assert served["components"]["schemas"].items() >= given["components"]["schemas"].items()
    assert served["components"]["securitySchemes"] == given["components"]["securitySchemes"]
    upload, expected = served["paths"]["/v1/files"]["post"], given["paths"]["/v1/files"]["post"]
    assert upload["responses"].items() >= expected["responses"].items()
    assert {**upload, "responses": expected["responses"]} == expected
