"""Installing and removing our entry in a host's configuration file: planned as text, shown as a diff, written in one step."""

from __future__ import annotations

import difflib
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from kimi_files.access import shown
from kimi_files.errors import AccessDenied, DamagedFile, FileChanged
from kimi_files_mcp.hosts import jsonc, toml
from kimi_files_mcp.hosts.known import SERVER_NAME, Command, Host


@dataclass(frozen=True, slots=True)
class Change:
    """``before`` is None where there is no file yet; ``after`` equals it where nothing has to be done."""

    path: Path
    before: bytes | None
    after: bytes

    @property
    def needed(self) -> bool:
        return (self.before or b"") != self.after

    def diff(self) -> str:
        """The changed lines alone: what stands around them may be keys of other servers."""
        before = (self.before or b"").decode().splitlines()
        after = self.after.decode().splitlines()
        name = str(self.path)
        return "\n".join(difflib.unified_diff(before, after, name, name, lineterm="", n=0))

    def write(self) -> Path | None:
        """Put the new text in place in one step and keep the old one beside it; gives the path of that backup.

        The file keeps its permissions, and stays a link where it is one. FileChanged if it is no longer what the change
        was planned for; AccessDenied where the folder cannot be written. In both cases the file is as it was.
        """
        target = self.path.resolve()
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            mode = 0o600 if self.before is None else target.stat().st_mode & 0o777
            backup = None if self.before is None else _write_new(_backup_path(target), self.before, mode)
            temporary = _write_new(None, self.after, mode, target)
            try:
                if _read(target) != self.before:
                    raise FileChanged(f"'{shown(target)}' was changed by another program meanwhile.", "Run it again.")
                os.replace(temporary, target)
            except BaseException:
                for path in (temporary, *([backup] if backup else [])):
                    with suppress(OSError):
                        path.unlink()
                raise
        except OSError as error:
            raise AccessDenied(
                f"'{shown(target)}' cannot be written ({error.strerror}).", "Nothing was changed; see who owns it."
            ) from error
        return backup


def entry_of(host: Host, path: Path) -> Mapping[str, Any]:
    """Our entry as it stands in the file; empty where there is none. Errors as for ``plan_install``."""
    container = _values(host, path, _text(host, path, _read(path))).get(host.container)
    entry = container.get(SERVER_NAME) if isinstance(container, Mapping) else None
    return entry if isinstance(entry, Mapping) else {}


def plan_install(host: Host, path: Path, command: Command) -> Change:
    """The change that puts our entry into the file, or brings it up to date, and touches nothing else in it.

    AccessDenied where the file cannot be read, DamagedFile where it is not what the host would read.
    """
    before = _read(path)
    text = _text(host, path, before)
    old = _values(host, path, text)
    fields = host.fields(command, entry_of(host, path))
    keys = (host.container, SERVER_NAME)
    try:
        if host.format == "toml":
            after = toml.with_fields(text, keys, fields)
        else:
            after = jsonc.with_fields(text, keys, fields, comments=host.format == "jsonc")
    except TypeError as error:
        raise _foreign(host, path, f"'{error}' in it is not what {host.title} expects there") from None
    except toml.NotToml as error:
        raise _foreign(host, path, f"it is not TOML ({error})") from None
    _check_only_ours_changed(host, path, old, _values(host, path, after))
    return Change(path, before, after.encode())


def plan_uninstall(host: Host, path: Path) -> Change:
    """The change that takes our entry out of the file. Errors as for ``plan_install``."""
    before = _read(path)
    text = _text(host, path, before)
    old = _values(host, path, text)
    keys = (host.container, SERVER_NAME)
    if host.format == "toml":
        after = toml.without_table(text, keys)
    else:
        after = jsonc.without_member(text, keys, comments=host.format == "jsonc")
    _check_only_ours_changed(host, path, old, _values(host, path, after))
    return Change(path, before, after.encode() if after != text else before or b"")


def printed_entry(host: Host, command: Command) -> str:
    """The entry with what stands around it, as it would be in a new file."""
    keys, fields = (host.container, SERVER_NAME), host.fields(command, {})
    if host.format == "toml":
        return toml.with_fields("", keys, fields)
    return jsonc.with_fields("{}\n", keys, fields, comments=False)


def _values(host: Host, path: Path, text: str) -> dict[str, Any]:
    try:
        if host.format == "toml":
            return toml.parse(text)
        node = jsonc.parse(text, comments=host.format == "jsonc")
    except toml.NotToml as error:
        raise _foreign(host, path, f"it is not TOML ({error})") from None
    except jsonc.NotJson as error:
        raise _foreign(host, path, f"it is not JSON ({error})") from None
    if node.kind != "object":
        raise _foreign(host, path, "it is not an object of settings")
    values: dict[str, Any] = node.value
    return values


def _check_only_ours_changed(host: Host, path: Path, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """A last look before anything is written: apart from our entry, the file says what it said."""
    if _others(host, old) != _others(host, new):
        raise _foreign(host, path, "our entry cannot be changed without changing others")


def _others(host: Host, values: Mapping[str, Any]) -> dict[str, Any]:
    container = values.get(host.container, {})
    rest = {key: value for key, value in container.items() if key != SERVER_NAME} if isinstance(container, dict) else {}
    return {**{key: value for key, value in values.items() if key != host.container}, host.container: rest}


def _foreign(host: Host, path: Path, why: str) -> DamagedFile:
    return DamagedFile(
        f"'{shown(path)}' was left as it is: {why}.",
        f"Mend it, or add the entry by hand: kimi-files-mcp install {host.name} --print",
    )


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AccessDenied(
            f"'{shown(path)}' cannot be read ({error.strerror}).", "Nothing was changed; see who owns it."
        ) from error


def _text(host: Host, path: Path, content: bytes | None) -> str:
    """The text of the file; that of a file without settings where there is none or nothing in it."""
    try:
        text = (content or b"").decode()
    except UnicodeDecodeError:
        raise _foreign(host, path, "it is not UTF-8 text") from None
    if text.strip("\ufeff \t\r\n"):
        return text
    return "" if host.format == "toml" else "{}\n"


def _backup_path(target: Path) -> Path:
    stamp = datetime.now().strftime("%Y-%m-%d-%H%M%S")
    names = (f"{target.name}.{stamp}{suffix}.bak" for suffix in ("", *(f"-{number}" for number in range(1, 1000))))
    return next(path for path in map(target.with_name, names) if not path.exists())


def _write_new(path: Path | None, content: bytes, mode: int, beside: Path | None = None) -> Path:
    """A new file with this content, on the disk before anything depends on it; a temporary one without ``path``."""
    if path is None:
        assert beside is not None
        descriptor, name = tempfile.mkstemp(prefix=f".{beside.name}.", dir=beside.parent)
        path = Path(name)
    else:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        path.chmod(mode)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path
