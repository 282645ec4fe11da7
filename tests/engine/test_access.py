"""What a path may open: sixty ways to write one, swaps, secrets, changes while reading, folders."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kimi_files.access import (
    AccessPolicy,
    OpenFile,
    default_folders,
    is_folder,
    open_file,
    open_files,
    readable_files,
    shown,
)
from kimi_files.errors import (
    AccessDenied,
    FileChanged,
    InvalidArguments,
    InvalidRequest,
    KimiFilesError,
    NotAFile,
    PathNotAllowed,
    PathNotFound,
    SecretRefused,
)
from kimi_files.spelling import windows_objection

unix_only = pytest.mark.skipif(sys.platform == "win32", reason="links, pipes and modes of Unix")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="/proc")

INSIDE = b"inside"
OUTSIDE = b"outside"


@dataclass(frozen=True)
class Place:
    """``docs`` and ``more`` are allowed, ``outside`` and ``docs-twin`` are not; all are in ``root``, the home directory."""

    root: Path
    policy: AccessPolicy

    @property
    def docs(self) -> Path:
        return self.root / "docs"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    root = tmp_path.resolve()
    monkeypatch.setenv("HOME", str(root))
    monkeypatch.setenv("USERPROFILE", str(root))
    for folder in ("docs/sub", "docs/.hidden", "more", "outside/sub", "docs-twin", "work"):
        (root / folder).mkdir(parents=True)
    for file in ("docs/a.txt", "docs/sub/b.txt", "docs/Quarterly Report.txt", "more/only-here.txt", "work/here.txt"):
        (root / file).write_bytes(INSIDE)
    for file in ("outside/secret.txt", "outside/sub/b.txt", "docs-twin/a.txt", "work/unlisted.txt"):
        (root / file).write_bytes(OUTSIDE)
    policy = AccessPolicy.from_folders([root / "docs", root / "more"], root / "docs")
    return Place(root, policy)


async def read(path: str, policy: AccessPolicy) -> bytes:
    async with await open_file(path, policy) as file:
        return b"".join([chunk async for chunk in file.chunks()])


def link(place: Place, name: str, target: str) -> None:
    (place.docs / name).symlink_to(target)


# ---- paths that open

OPENS: dict[str, str] = {
    "relative to the working directory": "a.txt",
    "relative, in a folder": "sub/b.txt",
    "relative to another allowed folder": "only-here.txt",
    "absolute": "{root}/docs/a.txt",
    "tilde": "~/docs/a.txt",
    "dots that stay inside": "sub/../a.txt",
    "dots through a folder that is missing": "missing/../a.txt",
    "dots out and in again": "{root}/docs/../more/only-here.txt",
    "dots through what is outside and missing": "{root}/nowhere/../docs/a.txt",
    "current folder": "./a.txt",
    "double slashes": "{root}//docs///a.txt",
    "spaces around": "  a.txt \n",
    "double quotes": '"a.txt"',
    "single quotes": "'~/docs/a.txt'",
    "back quotes": "`a.txt`",
    "typographic quotes": "“a.txt”",
    "angle brackets": "<a.txt>",
    "quotes in quotes with spaces": "\" 'a.txt' \"",
    "file address": "file://{root}/docs/a.txt",
    "file address with a host": "file://localhost{root}/docs/a.txt",
    "file address in capitals": "FILE://{root}/docs/a.txt",
    "file address with one slash": "file:{root}/docs/a.txt",
    "file address with percent escapes": "file://{root}/docs/Quarterly%20Report.txt",
    "file address from home": "file://~/docs/a.txt",
    "percent escape of a slash": "file://{root}/docs/sub%2Fb.txt",
    "other case of a file": "A.TXT",
    "other case of a folder": "{root}/docs/SUB/B.txt",
    "other case of a name with a space": "quarterly report.txt",
    "narrow no-break space for a space": "Quarterly\u202fReport.txt",
}
if sys.platform != "win32":
    OPENS["spaces escaped as in a shell"] = r"Quarterly\ Report.txt"


@pytest.mark.parametrize("typed", OPENS.values(), ids=OPENS.keys())
async def test_forgiven_spelling_opens_the_file_that_was_meant(place: Place, typed: str) -> None:
    assert await read(typed.replace("{root}", str(place.root)), place.policy) == INSIDE


@unix_only
@pytest.mark.parametrize("form", ["NFC", "NFD"])
async def test_either_unicode_form_opens_the_name_on_disk(place: Place, form: str) -> None:
    other = "NFD" if form == "NFC" else "NFC"
    (place.docs / unicodedata.normalize(form, "Überblick é.txt")).write_bytes(INSIDE)
    assert await read(unicodedata.normalize(other, "Überblick é.txt"), place.policy) == INSIDE


@unix_only
async def test_screenshot_name_opens_with_an_ordinary_space(place: Place) -> None:
    (place.docs / "Screenshot at 9.41.07\u202fAM.png").write_bytes(INSIDE)
    assert await read("Screenshot at 9.41.07 AM.png", place.policy) == INSIDE


@unix_only
async def test_name_with_quotes_and_spaces_of_its_own_wins_over_the_forgiven_one(place: Place) -> None:
    (place.docs / "'a.txt'").write_bytes(b"quoted")
    (place.docs / "a.txt ").write_bytes(b"spaced")
    assert await read("'a.txt'", place.policy) == b"quoted"
    assert await read("a.txt ", place.policy) == b"spaced"


@unix_only
async def test_two_names_that_differ_in_case_are_never_taken_for_each_other(place: Place) -> None:
    (place.docs / "x.txt").write_bytes(b"lower")
    (place.docs / "X.txt").write_bytes(b"upper")
    if len({path.name for path in place.docs.glob("[xX].txt")}) < 2:
        pytest.skip("the file system ignores case")
    assert await read("X.txt", place.policy) == b"upper"
    (place.docs / "Y.TXT").write_bytes(b"1")
    (place.docs / "y.TXT").write_bytes(b"2")
    with pytest.raises(PathNotFound, match="Did you mean"):
        await read("y.txt", place.policy)


# ---- paths that are refused

REFUSED: dict[str, tuple[str, type[KimiFilesError]]] = {
    "empty": ("", InvalidArguments),
    "only spaces": (" \t\n", InvalidArguments),
    "only quotes": ("''", InvalidArguments),
    "zero character": ("a.txt\x00.png", InvalidArguments),
    "zero character as an escape": ("file://{root}/docs/a.txt%00", InvalidArguments),
    "over-long path": ("a/" * 5000, InvalidArguments),
    "over-long name": ("a" * 300, PathNotFound),
    "lone surrogate": ("\ud800.txt", InvalidArguments),
    "lone surrogate in a URL": ("file:///a/\ud800.txt", InvalidArguments),
    "file as an address": ("data:text/plain;base64,SGVsbG8=", InvalidArguments),
    "web address": ("https://example.com/a.txt", InvalidArguments),
    "file address of another computer": ("file://server/share/a.txt", InvalidArguments),
    "missing file": ("zzz-nothing.bin", PathNotFound),
    "missing folder": ("zzz/nothing.bin", PathNotFound),
    "file used as a folder": ("a.txt/b", PathNotFound),
    "tilde of another user": ("~root/a.txt", PathNotFound),
    "tilde of nobody": ("~nobody-at-all/a.txt", PathNotFound),
    "prefix twin": ("{root}/docs-twin/a.txt", PathNotAllowed),
    "dots to outside": ("../outside/secret.txt", PathNotAllowed),
    "dots far beyond the root": ("../" * 40 + "etc/passwd", PathNotAllowed),
    "dots in a file address": ("file://{root}/docs/%2e%2e/outside/secret.txt", PathNotAllowed),
    "absolute outside": ("{root}/outside/secret.txt", PathNotAllowed),
    "absolute outside and missing": ("{root}/outside/missing.txt", PathNotAllowed),
    "home outside": ("~/outside/secret.txt", PathNotAllowed),
    "the folder above": ("{root}", PathNotAllowed),
    "folder": ("{root}/docs", NotAFile),
    "folder, relative": ("sub", NotAFile),
    "hidden folder": (".hidden/x.txt", SecretRefused),
    "environment file": (".env", SecretRefused),
}
if sys.platform != "win32":
    REFUSED |= {
        "device": ("/dev/zero", PathNotAllowed),
        "standard input": ("/dev/stdin", PathNotAllowed),
        "Windows path": (r"C:\Users\me\a.txt", PathNotFound),
        "Windows share": (r"\\server\share\a.txt", PathNotFound),
    }


@pytest.mark.parametrize(("typed", "error"), REFUSED.values(), ids=REFUSED.keys())
async def test_other_paths_are_refused_with_the_error_that_fits(
    place: Place, typed: str, error: type[KimiFilesError]
) -> None:
    with pytest.raises(error) as caught:
        await read(typed.replace("{root}", str(place.root)), place.policy)
    assert type(caught.value) is error


LINKS: dict[str, tuple[str, str, type[KimiFilesError] | None]] = {
    # name of the link in docs, where it leads, the path that is typed
    "file to a file inside": ("l", "a.txt", None),
    "absolute to another allowed folder": ("l", "{root}/more/only-here.txt", None),
    "to a link to a file inside": ("l", "l2", None),
    "file to outside": ("l", "{root}/outside/secret.txt", PathNotAllowed),
    "relative to outside": ("l", "../outside/secret.txt", PathNotAllowed),
    "to outside and missing": ("l", "{root}/outside/missing.txt", PathNotAllowed),
    "to a link to outside": ("l", "l3", PathNotAllowed),
    "to itself": ("l", "l", NotAFile),
    "to a link and back": ("l", "l4", NotAFile),
    "to nothing inside": ("l", "nothing-there.txt", PathNotFound),
    "to a folder inside": ("l", "sub", NotAFile),
    "to a secret inside": ("l", ".env", SecretRefused),
    "to a hidden folder's file": ("l", ".hidden/x.txt", SecretRefused),
}
if sys.platform != "win32":
    LINKS["to a device"] = ("l", "/dev/zero", PathNotAllowed)
if sys.platform == "linux":
    LINKS["to a descriptor's link"] = ("l", "/proc/self/fd/0", PathNotAllowed)
    LINKS["to the process's root"] = ("l", "/proc/self/root/etc/passwd", PathNotAllowed)


@unix_only
@pytest.mark.parametrize(("name", "target", "error"), LINKS.values(), ids=LINKS.keys())
async def test_link_opens_only_what_is_inside(
    place: Place, name: str, target: str, error: type[KimiFilesError] | None
) -> None:
    (place.docs / ".env").write_bytes(OUTSIDE)
    (place.docs / ".hidden/x.txt").write_bytes(OUTSIDE)
    link(place, "l2", "sub/b.txt")
    link(place, "l3", "../outside/secret.txt")
    link(place, "l4", "l")
    link(place, name, target.replace("{root}", str(place.root)))
    if error is None:
        assert await read(name, place.policy) == INSIDE
    else:
        with pytest.raises(error) as caught:
            await read(name, place.policy)
        assert "secret.txt" not in str(caught.value), "where a link leads outside is nobody's business"


@unix_only
async def test_folder_link_is_followed_inside_and_refused_outside(place: Place) -> None:
    link(place, "in", "sub")
    link(place, "out", "../outside")
    assert await read("in/b.txt", place.policy) == INSIDE
    for typed in ("out/secret.txt", "out/missing.txt", "out/sub/b.txt"):
        with pytest.raises(PathNotAllowed):
            await read(typed, place.policy)
    assert await read("out/../a.txt", place.policy) == INSIDE, "dots are taken by name, not through the link"


@unix_only
async def test_hard_link_is_a_file_like_any_other(place: Place) -> None:
    os.link(place.docs / "a.txt", place.docs / "hard.txt")
    assert await read("hard.txt", place.policy) == INSIDE


@unix_only
async def test_pipe_and_socket_are_refused_without_waiting(place: Place) -> None:
    os.mkfifo(place.docs / "pipe")
    with pytest.raises(NotAFile, match="a pipe"):
        await read("pipe", place.policy)
    listening = socket.socket(socket.AF_UNIX)
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(place.docs)  # the address of a socket is short
        listening.bind("socket")
    finally:
        os.fchdir(here)
        os.close(here)
    with pytest.raises(NotAFile, match="a socket"):
        await read("socket", place.policy)
    listening.close()


@unix_only
async def test_device_in_an_allowed_folder_is_no_file() -> None:
    policy = AccessPolicy.from_folders(["/dev"], Path("/"))
    with pytest.raises(NotAFile, match="a device"):
        await read("/dev/zero", policy)


@linux_only
async def test_proc_gives_nothing_even_where_everything_is_allowed(place: Place) -> None:
    policy = AccessPolicy.from_folders(["/"], Path("/"))
    for typed in ("/proc/self/environ", "/proc/version", "/proc/cpuinfo"):
        with pytest.raises(NotAFile):
            await read(typed, policy)
    with (place.docs / "a.txt").open("rb") as opened:
        assert await read(f"/proc/self/fd/{opened.fileno()}", place.policy) == INSIDE
    with (place.root / "outside/secret.txt").open("rb") as opened, pytest.raises(PathNotAllowed):
        await read(f"/proc/self/fd/{opened.fileno()}", place.policy)


@unix_only
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may open everything")
async def test_unreadable_file_is_denied_with_the_systems_reason(place: Place) -> None:
    (place.docs / "a.txt").chmod(0)
    with pytest.raises(AccessDenied, match="Permission denied"):
        await read("a.txt", place.policy)


async def test_sparse_file_opens_and_tells_its_size(place: Place) -> None:
    with (place.docs / "sparse.bin").open("wb") as file:
        file.truncate(200 << 20)
    async with await open_file("sparse.bin", place.policy) as opened:
        assert opened.size == 200 << 20


WINDOWS: dict[str, str | None] = {
    r"C:\Users\me\a.txt": None,
    r"C:\Users\me\console.txt": None,
    r"\\server\share\a.txt": None,
    r"C:\Users\me\CON": "device CON",
    r"C:\Users\me\nul.txt": "device NUL",
    r"C:\Users\me\com1 .log": "device COM1",
    r"C:\Users\LPT9\a.txt": "device LPT9",
    r"C:\Users\me\a.txt:stream": "stream",
    r"C:\Users\me\.env::$DATA": "stream",
    r"\\?\C:\Users\me\a.txt": "path rules",
    r"\\.\PhysicalDrive0": "path rules",
    "//./pipe/x": "path rules",
}


@pytest.mark.parametrize(("path", "objection"), WINDOWS.items())
def test_windows_names_that_are_no_files_are_known(path: str, objection: str | None) -> None:
    found = windows_objection(path)
    assert found is None if objection is None else objection in str(found)


# ---- words


async def test_near_miss_is_named_in_the_words_of_the_user(place: Place) -> None:
    with pytest.raises(PathNotFound, match=r"'~/docs/sub/bb.txt' does not exist\. Did you mean '~/docs/sub/b.txt'\?"):
        await read("~/docs/sub/bb.txt", place.policy)
    with pytest.raises(PathNotFound, match=r"Did you mean '~/docs/Quarterly Report.txt'\?"):
        await read("Quaterly_Report.txt", place.policy)
    with pytest.raises(PathNotAllowed, match=r"'~/dosc/a.txt' is outside .*\. Did you mean '~/docs/a.txt'\?"):
        await read("~/dosc/a.txt", place.policy)


@unix_only
async def test_a_name_is_found_as_it_was_shown(place: Place) -> None:
    (place.docs / "line\nend.txt").write_bytes(INSIDE)
    with pytest.raises(PathNotFound, match=r"Did you mean '~/docs/line\ufffdend.txt'\?"):
        await read("line end.txt", place.policy)
    assert await read("line\ufffdend.txt", place.policy) == INSIDE
    (place.docs / "line\rend.txt").write_bytes(OUTSIDE)
    with pytest.raises(PathNotFound):
        await read("line\ufffdend.txt", place.policy)


async def test_a_path_that_goes_on_below_a_file_says_how_files_in_archives_are_named(place: Place) -> None:
    with pytest.raises(PathNotFound, match=r"A file in an archive is '~/docs/a.txt!/sub/b.txt'\."):
        await read("a.txt/sub/b.txt", place.policy)


async def test_suggestion_never_names_a_secret_or_what_is_outside(place: Place) -> None:
    (place.docs / "credentials.json").write_bytes(OUTSIDE)
    (place.docs / ".hidden/token.txt").write_bytes(OUTSIDE)
    for typed in ("credentails.json", "hidden/token.txt", "../outside/secert.txt", "~/outsid/secret.txt"):
        with pytest.raises(KimiFilesError) as caught:
            await read(typed, place.policy)
        assert "Did you mean" not in str(caught.value)


async def test_outside_is_refused_in_the_same_words_whether_it_exists_or_not(place: Place) -> None:
    async def words(typed: str) -> str:
        with pytest.raises(PathNotAllowed) as caught:
            await read(typed, place.policy)
        return str(caught.value).replace(Path(typed).name, "NAME")

    for folder in ("~/outside", "~/outside/sub", "../outside"):
        assert await words(f"{folder}/secret.txt") == await words(f"{folder}/b.txt") == await words(f"{folder}/none.x")


async def test_refusal_names_the_allowed_folders_and_the_remedy(place: Place) -> None:
    with pytest.raises(PathNotAllowed) as caught:
        await read("~/outside/secret.txt", place.policy)
    assert str(caught.value) == (
        "'~/outside/secret.txt' is outside the allowed folders (~/docs, ~/more). To read it, add its folder with --allow"
        " or KIMI_FILES_ALLOW in the host's configuration."
    )


@unix_only
async def test_windows_path_gets_a_hint(place: Place) -> None:
    with pytest.raises(PathNotFound, match=r"Windows path.*'/mnt/c/Users/me/a\.txt'"):
        await read(r"C:\Users\me\a.txt", place.policy)


@unix_only
def test_shown_path_is_one_line_that_can_be_encoded(place: Place) -> None:
    assert shown(place.docs / "a.txt") == "~/docs/a.txt"
    assert shown(place.root) == "~"
    assert shown(f"{place.root}-twin/a") == f"{place.root}-twin/a"
    assert shown("/x/a\nb\u202ec\udcff") == "/x/a\ufffdb\ufffdc\ufffd"


# ---- secrets


def _split(names: str) -> list[str]:
    return names.split()


SECRETS = _split("""
.env .env.local .env.production .ENV prod.env .envrc id_rsa id_ed25519 id_ecdsa_sk id_rsa.bak id_work
ssh_host_rsa_key server.pem server.key cert.p12 cert.pfx app.keystore app.jks vault.kdbx putty.ppk AuthKey.p8
.netrc _netrc .pgpass .npmrc .pypirc .git-credentials .htpasswd .my.cnf credentials credentials.json
client_secret_12.apps.json service-account.json secrets.yaml secrets.toml kubeconfig cookies.sqlite key4.db
logins.json Cookies .bash_history .zsh_history .python_history .psql_history .node_repl_history fish_history
ConsoleHost_history.txt .bashrc .gitconfig .unknown .ssh/config .ssh/known_hosts .aws/config .gnupg/trustdb
.kube/cache.txt .git/config .config/app/notes.txt .github/x.yml Library/Keychains/x.db .e\u200bnv SERVER.PEM
Mozilla/Firefox/Profiles/x/a.txt
""")

ORDINARY = _split("""
.gitignore .gitattributes .editorconfig .dockerignore .prettierrc .eslintrc.json .python-version .gitlab-ci.yml
.pre-commit-config.yaml id_rsa.pub id_list.csv ideas.txt environment.md keys.txt monkey.txt history.txt cookies.md
credentials-policy.pdf envelope.txt secret-garden.txt package.json dotenv.py key.py ssh/config.txt pem.md
""")


def _write(place: Place, name: str) -> None:
    path = place.docs / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(INSIDE)


@pytest.mark.parametrize(
    "name",
    [*SECRETS, "Login Data", "Web Data", "Google/Chrome/User Data/Default/History"],
)
async def test_secret_is_refused_in_an_allowed_folder_whether_it_exists_or_not(place: Place, name: str) -> None:
    with pytest.raises(SecretRefused) as missing:
        await read(name, place.policy)
    _write(place, name)
    with pytest.raises(SecretRefused) as present:
        await read(name, place.policy)
    assert str(missing.value) == str(present.value)


@pytest.mark.parametrize("name", ORDINARY)
async def test_ordinary_file_with_a_telling_name_is_read(place: Place, name: str) -> None:
    _write(place, name)
    assert await read(name, place.policy) == INSIDE


async def test_hidden_folder_is_read_when_it_is_allowed_by_name_but_never_one_for_credentials(place: Place) -> None:
    _write(place, ".hidden/notes.txt")
    policy = AccessPolicy.from_folders([place.docs / ".hidden"], place.docs)
    assert await read(".hidden/notes.txt", policy) == INSIDE
    assert await read("notes.txt", policy) == INSIDE
    _write(place, ".ssh/notes.txt")
    with pytest.raises(SecretRefused, match="cannot be allowed"):
        AccessPolicy.from_folders([place.docs / ".ssh"], place.docs)
    with pytest.raises(SecretRefused):
        await read("notes.txt", AccessPolicy((place.docs / ".ssh",), place.docs))


# ---- policies


def test_allowed_folder_must_exist(place: Place) -> None:
    with pytest.raises(InvalidRequest, match=r"'~/nowhere' does not exist\. Correct --allow"):
        AccessPolicy.from_folders(["~/nowhere"], place.root)
    with pytest.raises(InvalidRequest, match="is a file"):
        AccessPolicy.from_folders(["~/docs/a.txt"], place.root)


def test_allowed_folders_are_resolved_and_named_once(place: Place) -> None:
    policy = AccessPolicy.from_folders(["docs", "~/docs", str(place.docs) + "/sub/.."], place.root)
    assert policy.allowed == (place.docs,)


async def test_typed_file_is_allowed_alone_for_the_call(place: Place) -> None:
    typed = place.policy.with_path("~/outside/secret.txt")
    assert await read("~/outside/secret.txt", typed) == OUTSIDE
    for sibling in ("~/outside/sub/b.txt", "~/outside/missing.txt"):
        with pytest.raises(PathNotAllowed):
            await read(sibling, typed)
    with pytest.raises(PathNotAllowed):
        await read("~/outside/secret.txt", place.policy)


async def test_typed_folder_is_allowed_and_typed_secret_is_refused(place: Place) -> None:
    assert await read("~/outside/sub/b.txt", place.policy.with_path("~/outside/sub")) == OUTSIDE
    (place.root / "outside/.env").write_bytes(OUTSIDE)
    with pytest.raises(SecretRefused):
        await read("~/outside/.env", place.policy.with_path("~/outside/.env"))


async def test_typed_file_that_does_not_exist_is_said_not_to_exist(place: Place) -> None:
    with pytest.raises(PathNotFound, match=r"'~/outside/none\.txt' does not exist"):
        await read("~/outside/none.txt", place.policy.with_path("~/outside/none.txt"))


def test_default_folders_are_the_working_directory_or_the_usual_ones(place: Place) -> None:
    home = place.root
    for name in ("Documents", "Downloads", ".cache/app"):
        (home / name).mkdir(parents=True)
    usual = (home / "Documents", home / "Downloads")
    assert default_folders(home / "work", home) == (home / "work",)
    for too_wide in (home, home.parent, Path(home.anchor), home / ".cache", home / ".cache/app"):
        assert default_folders(too_wide, home) == usual


# ---- the open file


async def test_of_several_files_each_is_open_or_its_error(place: Place) -> None:
    (place.docs / "one.txt").write_text("one")
    (place.docs / "two.txt").write_text("two")
    one, missing, two = await open_files(["one.txt", "missing.txt", "two.txt"], place.policy)
    assert isinstance(missing, PathNotFound)
    assert isinstance(one, OpenFile)
    assert isinstance(two, OpenFile)
    async with one, two:
        assert [await one.sha256(), await two.sha256()] == [hashlib.sha256(b).hexdigest() for b in (b"one", b"two")]


async def test_open_file_tells_name_size_and_hash(place: Place) -> None:
    content = bytes(range(256)) * 10_000
    (place.docs / "bytes.bin").write_bytes(content)
    async with await open_file("bytes.bin", place.policy) as file:
        assert (file.name, file.shown_path, file.size) == ("bytes.bin", shown(place.docs / "bytes.bin"), len(content))
        sizes = [len(chunk) async for chunk in file.chunks(1 << 20)]
        assert sizes == [1 << 20, 1 << 20, len(content) - (2 << 20)]
        assert await file.sha256() == hashlib.sha256(content).hexdigest()
    assert file.descriptor == -1


async def test_two_readings_at_once_do_not_disturb_each_other(place: Place) -> None:
    content = os.urandom(300_000)
    (place.docs / "bytes.bin").write_bytes(content)
    async with await open_file("bytes.bin", place.policy) as file:
        first, second = file.chunks(1_000), file.chunks(7_000)
        parts = [await anext(first), await anext(second)]
        assert content.startswith(parts[0])
        assert content.startswith(parts[1])
        assert parts[0] + b"".join([chunk async for chunk in first]) == content
        assert await file.sha256() == hashlib.sha256(content).hexdigest()
        await second.aclose()


def _append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


CHANGES: dict[str, Callable[[Path], object]] = {
    "grows": lambda path: _append(path, b"more"),
    "shrinks": lambda path: os.truncate(path, 10),
    "is emptied": lambda path: os.truncate(path, 0),
    "is written over": lambda path: path.write_bytes(b"x" * 3_000),
    "is deleted": lambda path: path.unlink(),
    "is replaced": lambda path: os.replace(path.with_name("other.txt"), path),
}


@unix_only
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
async def test_change_while_the_file_is_read_is_told(place: Place, change: Callable[[Path], object]) -> None:
    path = place.docs / "changing.txt"
    path.write_bytes(b"a" * 3_000)
    os.utime(path, (1, 1))
    (place.docs / "other.txt").write_bytes(b"b" * 3_000)
    async with await open_file("changing.txt", place.policy) as file:
        chunks = file.chunks(1_000)
        await anext(chunks)
        change(path)
        with pytest.raises(FileChanged, match=r"changing\.txt"):
            async for _ in chunks:
                pass


async def test_descriptor_is_taken_over_from_the_store(place: Place) -> None:
    descriptor = os.open(place.docs / "a.txt", os.O_RDONLY)
    async with OpenFile.from_descriptor(descriptor, "upload\n.txt") as file:
        assert (file.name, file.size) == ("upload\ufffd.txt", len(INSIDE))
        assert await file.sha256() == hashlib.sha256(INSIDE).hexdigest()
    with pytest.raises(OSError, match="descriptor"):
        os.fstat(descriptor)


@unix_only
def test_descriptor_of_a_pipe_is_refused_and_closed() -> None:
    reading, writing = os.pipe()
    with pytest.raises(NotAFile):
        OpenFile.from_descriptor(reading, "pipe")
    with pytest.raises(OSError, match="descriptor"):
        os.fstat(reading)
    os.close(writing)


@linux_only
async def test_refused_and_cancelled_openings_leave_no_descriptor(place: Place) -> None:
    os.mkfifo(place.docs / "pipe")
    before = len(os.listdir("/proc/self/fd"))
    for typed in ("pipe", "sub", ".env", "none", "../outside/secret.txt") * 20:
        with pytest.raises(KimiFilesError):
            await open_file(typed, place.policy)
    for _ in range(20):
        with anyio.CancelScope() as scope:
            scope.cancel()
            await open_file("a.txt", place.policy)
        await (await open_file("a.txt", place.policy)).aclose()
    assert len(os.listdir("/proc/self/fd")) <= before + 1


# ---- swaps

_SWAPS = """
import os, sys
link, inside, outside, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
for turn in range(count):
    os.symlink(outside if turn % 2 else inside, link + ".new")
    os.rename(link + ".new", link)
"""


_REAL_SWAPS = """
import os, sys
for turn in range(int(sys.argv[1])):
    os.rename("real", "away")
    os.rename("trap", "real")
    os.rename("real", "trap")
    os.rename("away", "real")
"""


@pytest.fixture(params=["openat2", "walk"])
def opening(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Either way of opening: the kernel's own call, or component by component where there is none."""
    if sys.platform == "win32" or (request.param == "openat2" and sys.platform != "linux"):
        pytest.skip("not on this system")
    from kimi_files import descriptors

    chosen = descriptors.open_by_openat2 if request.param == "openat2" else descriptors.open_by_walk
    monkeypatch.setattr(descriptors, "open_beneath", chosen)
    return str(request.param)


@unix_only
@pytest.mark.parametrize("way", ["openat2", "walk"])
def test_link_met_on_the_way_is_an_error_whichever_way_is_taken(place: Place, way: str) -> None:
    if way == "openat2" and sys.platform != "linux":
        pytest.skip("Linux only")
    from kimi_files import descriptors

    opening = descriptors.open_by_openat2 if way == "openat2" else descriptors.open_by_walk
    link(place, "file", "a.txt")
    link(place, "folder", "sub")
    link(place, "out", "../outside")
    for relative in ("file", "folder/b.txt", "out/secret.txt"):
        with pytest.raises(OSError, match=r"symbolic links|directory"):
            opening(place.docs, Path(relative))
    descriptor = opening(place.docs, Path("sub/b.txt"))
    assert os.read(descriptor, 100) == INSIDE
    os.close(descriptor)


@unix_only
@pytest.mark.parametrize("swapped", ["file", "folder"])
async def test_swapping_a_link_while_it_is_opened_never_yields_what_is_outside(
    place: Place, opening: str, swapped: str
) -> None:
    """The link changes between inside and outside all the time: each answer is the inside's content or a typed error."""
    name = "swap.txt" if swapped == "file" else "swap"
    inside, outside = ("a.txt", "../outside/secret.txt") if swapped == "file" else ("sub", "../outside/sub")
    link(place, name, inside)
    typed = name if swapped == "file" else "swap/b.txt"
    arguments = [str(place.docs / name), inside, outside, "1500"]
    with subprocess.Popen([sys.executable, "-c", _SWAPS, *arguments]) as swapping:
        seen = set()
        while swapping.poll() is None:
            try:
                seen.add(await read(typed, place.policy))
            except (PathNotAllowed, PathNotFound, FileChanged) as error:
                seen.add(type(error).__name__.encode())
    assert swapping.returncode == 0
    assert OUTSIDE not in seen
    assert seen & {INSIDE, b"PathNotAllowed"}, "neither side was ever met"


@unix_only
async def test_swapping_a_real_folder_for_a_link_never_yields_what_is_outside(place: Place, opening: str) -> None:
    """No link is there when the path is resolved: only opening by descriptor notices the one that takes its place."""
    (place.docs / "real").mkdir()
    (place.docs / "real/b.txt").write_bytes(INSIDE)
    (place.docs / "trap").symlink_to("../outside/sub")
    with subprocess.Popen([sys.executable, "-c", _REAL_SWAPS, "3000"], cwd=place.docs) as swapping:
        seen = set()
        while swapping.poll() is None:
            try:
                seen.add(await read("real/b.txt", place.policy))
            except (PathNotAllowed, PathNotFound, FileChanged) as error:
                seen.add(type(error).__name__.encode())
    assert swapping.returncode == 0
    assert OUTSIDE not in seen


# ---- any path at all

# fmt: off
_PARTS = st.sampled_from([
    "..", ".", "", "~", "docs", "docs-twin", "outside", "sub", "a.txt", "b.txt", "secret.txt", "in", "out", "loop", "up",
    "%2e%2e", "file:", "file://", "{root}", "/", "\\", " ", "'", '"', "\x00", "DOCS", "é", "proc/self/root", "etc",
])
# fmt: on
_PATHS = st.lists(_PARTS, min_size=1, max_size=9).flatmap(
    lambda parts: st.sampled_from(["/", "", "//", "\\"]).map(lambda separator: separator.join(parts))
)


@pytest.fixture
def linked(place: Place) -> Iterator[Place]:
    for name, target in (("in", "sub"), ("out", "../outside"), ("loop", "loop"), ("up", "..")):
        link(place, name, target)
    return place


@unix_only
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(typed=_PATHS | st.text(max_size=60))
@example("{root}/docs/../outside/secret.txt")
@example("up/outside/secret.txt")
@example("file://{root}/docs/up/outside/secret.txt")
async def test_no_path_ever_opens_anything_outside(linked: Place, typed: str) -> None:
    try:
        content = await read(typed.replace("{root}", str(linked.root)), linked.policy)
    except KimiFilesError:
        return
    assert content == INSIDE


# ---- folders


async def test_folder_means_its_readable_files_in_order(place: Place) -> None:
    for name in ("report.pdf", "sub/table.xlsx", "script", "photo.png", "z.unknown"):
        _write(place, name)
    for name in (".env", ".hidden/notes.txt", "sub/server.key"):
        _write(place, name)
    (place.docs / "binary").write_bytes(bytes(range(256)))
    (place.docs / "all.rar").write_bytes(b"Rar!")
    (place.docs / "empty.txt").write_bytes(b"")
    found = await readable_files("~/docs", place.policy)
    names = [str(Path(path).relative_to(place.docs)) for path in found]
    assert [name.replace(os.sep, "/") for name in names] == sorted(
        [
            "Quarterly Report.txt",
            "a.txt",
            "photo.png",
            "report.pdf",
            "script",
            "sub/b.txt",
            "sub/table.xlsx",
            "z.unknown",
        ]
    )
    assert found.left_out == {"hidden or secret": 3, "of a format without a reader": 2, "empty": 1}
    for path in found:
        await read(path, place.policy)


@unix_only
async def test_folder_follows_links_only_inside_and_only_once(place: Place) -> None:
    link(place, "again", "a.txt")
    link(place, "in", "sub")
    link(place, "self", ".")
    link(place, "out", "../outside")
    link(place, "out.txt", "../outside/secret.txt")
    link(place, "loop", "loop")
    os.mkfifo(place.docs / "pipe")
    found = await readable_files("docs", AccessPolicy.from_folders([place.docs], place.root))
    assert [Path(path).name for path in found] == ["Quarterly Report.txt", "a.txt", "b.txt"]
    assert found.left_out == {"hidden or secret": 1, "links that lead outside": 2, "neither files nor folders": 2}


@unix_only
async def test_listed_names_open_even_if_they_look_like_quoted_ones(place: Place) -> None:
    for name in (" spaces .txt ", "'quoted'", "~", "file:x", "back\\slash.txt", "line\nbreak.txt", "\udcff.txt"):
        try:
            (place.docs / "sub" / name).write_bytes(INSIDE)
        except OSError:
            continue  # macOS takes only Unicode
    found = await readable_files("sub", place.policy)
    assert len(found) >= 7
    for path in found:
        assert await read(path, place.policy) == INSIDE


async def test_file_stands_for_itself_and_what_is_outside_for_nothing(place: Place) -> None:
    assert list(await readable_files("a.txt", place.policy)) == [str(place.docs / "a.txt")]
    with pytest.raises(PathNotAllowed):
        await readable_files("~/outside", place.policy)
    with pytest.raises(SecretRefused):
        await readable_files("~/docs/.hidden", place.policy)


async def test_too_many_files_are_an_error_and_never_cut(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kimi_files.access.MAX_FOLDER_FILES", 20)
    for number in range(21):
        (place.docs / "sub" / f"{number}.txt").write_bytes(INSIDE)
    with pytest.raises(KimiFilesError, match="holds more than 20 files") as caught:
        await readable_files("~/docs/sub", place.policy)
    assert caught.value.code == "too_complex"
    (place.docs / "sub/0.txt").unlink()
    (place.docs / "sub/1.txt").unlink()
    assert len(await readable_files("~/docs/sub", place.policy)) == 20


async def test_is_folder_is_true_for_allowed_folders_alone(place: Place) -> None:
    assert await is_folder("~/docs/sub", place.policy)
    for other in ("a.txt", "none", "~/outside", "~/docs/.hidden", "", "\x00", "file_01jd8x6w2m9q4t5v7y0z3b6c8d"):
        assert not await is_folder(other, place.policy)


# ---- files in archives


async def test_a_file_in_an_archive_is_opened_as_the_archive_and_called_by_its_own_name(place: Place) -> None:
    (place.docs / "papers.zip").write_bytes(b"PK")
    async with await open_file(f"'{place.docs}/papers.zip!/2024/a b.pdf'", place.policy) as file:
        assert (file.name, file.member, file.path.name) == ("a b.pdf", "2024/a b.pdf", "papers.zip")
        assert file.shown_path.endswith("docs/papers.zip!/2024/a b.pdf")
        assert await file.sha256() == hashlib.sha256(b"PK").hexdigest()
        with pytest.raises(InvalidArguments, match="in an archive"):
            async for _ in file.chunks():
                pass


async def test_a_folder_whose_name_ends_like_an_archives_comes_first(place: Place) -> None:
    (place.docs / "odd!").mkdir()
    (place.docs / "odd!" / "a.txt").write_bytes(INSIDE)
    async with await open_file("odd!/a.txt", place.policy) as file:
        assert (file.member, file.name) == ("", "a.txt")


async def test_secrets_in_archives_and_archives_outside_are_refused(place: Place) -> None:
    (place.docs / "all.zip").write_bytes(b"PK")
    for member in (".ssh/id_rsa", "x/.env", "inner.zip!/.env", "x\\.ssh\\id_rsa", "x/../.ssh/id_rsa"):
        with pytest.raises(SecretRefused):
            await open_file(f"all.zip!/{member}", place.policy)
    (place.root / "outside" / "all.zip").write_bytes(b"PK")
    with pytest.raises(PathNotAllowed):
        await open_file(f"{place.root}/outside/all.zip!/a.txt", place.policy)
    with pytest.raises(PathNotFound):
        await open_file("none.zip!/a.txt", place.policy)


async def test_an_archive_that_a_person_typed_with_a_file_in_it_is_allowed(place: Place) -> None:
    typed = f"{place.root}/outside/all.zip!/a.txt"
    (place.root / "outside" / "all.zip").write_bytes(b"PK")
    async with await open_file(typed, place.policy.with_path(typed)) as file:
        assert file.member == "a.txt"
    with pytest.raises(SecretRefused):
        await open_file(typed.replace("a.txt", ".env"), place.policy.with_path(typed))
