"""What is said about the server outside of its code: registry entry, bundle, host entry. It says what the code does."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.resources import files
from pathlib import Path

import anyio
import jsonschema
import pytest

import kimi_files_mcp
from kimi_files.access import AccessPolicy
from kimi_files_mcp.app import build_server
from kimi_files_tools.workspace import Workspace
from tests.hosts_e2e.installed import PACKAGES, PROGRAMS, missing, with_programs

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import build_bundle  # noqa: E402 - a script, not a package

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
REGISTRY = json.loads((ROOT / "server.json").read_text())


def test_every_place_names_the_same_version():
    versions = {PROJECT["version"], kimi_files_mcp.__version__, REGISTRY["version"], build_bundle.manifest()["version"]}
    versions.update(package["version"] for package in REGISTRY["packages"])
    assert len(versions) == 1


def test_the_registry_entry_keeps_to_its_schema():
    schema = json.loads((files("skillsaw") / "schemas/mcp_registry/v2025_12_11/server.schema.json").read_text("utf-8"))
    assert schema["$id"] == REGISTRY["$schema"]
    jsonschema.Draft7Validator(schema).validate(REGISTRY)


def test_the_page_of_the_package_names_the_registry_entry():
    """The registry asks for this to see that both belong to the same people."""
    assert f"<!-- mcp-name: {REGISTRY['name']} -->" in (ROOT / "README.md").read_text()


def test_the_registry_entry_names_real_options_and_variables():
    (package,) = REGISTRY["packages"]
    settings = (ROOT / "server" / "kimi_files_mcp" / "settings.py").read_text()
    main = (ROOT / "server" / "kimi_files_mcp" / "__main__.py").read_text()
    assert package["identifier"] == PROJECT["name"]
    assert all(f'"{argument["name"]}"' in main for argument in package["packageArguments"])
    names = {variable["name"] for variable in package["environmentVariables"]} - {"MOONSHOT_API_KEY"}
    assert all(f'"{name}"' in settings for name in names)


def test_the_bundle_shows_the_tools_that_the_server_has():
    server = build_server(Workspace(AccessPolicy((), ROOT), None))
    tools = {tool.name: tool.description for tool in anyio.run(server.list_tools)}
    shown = {tool["name"]: tool["description"] for tool in build_bundle.manifest()["tools"]}
    assert list(shown) == list(tools)
    assert all(tools[name].replace("\n", " ").startswith(shown[name]) for name in shown)


def test_the_bundle_asks_for_folders_and_hides_the_key():
    manifest = build_bundle.manifest()
    wanted = manifest["user_config"]
    assert (wanted["folders"]["type"], wanted["folders"]["multiple"], wanted["folders"]["required"]) == (
        "directory",
        True,
        True,
    )
    assert (wanted["key"]["sensitive"], wanted["key"]["required"]) == (True, False)
    configured = json.dumps(manifest["server"]["mcp_config"])
    assert set(re.findall(r"\$\{user_config\.(\w+)\}", configured)) == set(wanted)
    # Several folders become several arguments only where the reference is the whole argument.
    assert "${user_config.folders}" in manifest["server"]["mcp_config"]["args"]


@pytest.mark.skipif(bool(missing("mcpb")), reason=missing("mcpb"))
def test_the_bundle_keeps_to_the_schema_of_its_format(tmp_path):
    schema = PACKAGES / "@anthropic-ai" / "mcpb" / "schemas" / "mcpb-manifest-v0.4.schema.json"
    jsonschema.validate(build_bundle.manifest(), json.loads(schema.read_text()))
    (tmp_path / "manifest.json").write_text(json.dumps(build_bundle.manifest()))
    (tmp_path / "icon.png").write_bytes((ROOT / "packaging" / "icon.png").read_bytes())
    command = [str(PROGRAMS / "mcpb"), "validate", str(tmp_path / "manifest.json")]
    done = subprocess.run(command, capture_output=True, text=True, env=with_programs(HOME=str(tmp_path)))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_bundle_holds_its_dependencies_to_the_locked_versions():
    table = tomllib.loads(build_bundle.environment())
    pins = [line.split("==")[0] for line in table["tool"]["uv"]["constraint-dependencies"]]
    locked = re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    assert sorted(pins) == sorted(locked)
    assert table["project"]["dependencies"] == PROJECT["dependencies"]


def test_the_same_files_give_the_same_archive(tmp_path):
    for number, order in enumerate((("a", "b"), ("b", "a"))):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name in order:
            (folder / name).write_text(name)
        build_bundle.write_archive(folder, tmp_path / f"{number}.mcpb")
    first, second = (tmp_path / "0.mcpb").read_bytes(), (tmp_path / "1.mcpb").read_bytes()
    assert first == second
    assert zipfile.ZipFile(tmp_path / "0.mcpb").namelist() == ["a", "b"]


def test_the_host_entry_starts_the_installed_command():
    (entry,) = json.loads((ROOT / "mcp.json").read_text())["mcpServers"].values()
    assert entry["command"] in PROJECT["scripts"]
