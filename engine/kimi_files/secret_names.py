"""Which names hold keys, passwords and sessions: such files are never read, whatever folder is allowed."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePath

HIDDEN_FOLDER = "is in a hidden folder"


def secret_reason(path: PurePath, folder: PurePath) -> str | None:
    """Why a resolved path is refused although it is inside the allowed ``folder``, in words; None where it is not.

    A folder that was allowed by name may itself begin with a dot, unless it is one of those that hold credentials.
    """
    names = [_comparable(name) for name in path.parts]
    if not _SECRET_FOLDERS.isdisjoint(names):
        return "is in a folder that holds credentials"
    joined = "/".join(names) + "/"
    if any(place in joined for place in _SECRET_PLACES):
        return "is in a folder that holds passwords or sessions"
    below = [_comparable(name) for name in path.parts[len(folder.parts) :]]
    if any(name.startswith(".") for name in below[:-1]):
        return HIDDEN_FOLDER
    return _secret_name(below[-1]) if below else None


def secret_folder(folder: PurePath) -> bool:
    """Whether a folder holds credentials, so that not even its owner's word allows it."""
    return secret_reason(folder, folder) is not None


def _comparable(name: str) -> str:
    # Some file systems ignore case, invisible characters, and dots and spaces at the end.
    if not name.isascii():
        visible = "".join(sign for sign in name if unicodedata.category(sign) != "Cf")
        name = unicodedata.normalize("NFKC", visible)
    return name.casefold().rstrip(" .") or name


def _secret_name(name: str) -> str | None:
    if name in _BROWSER_FILES:
        return "holds a browser's passwords or sessions"
    if name in _CREDENTIAL_FILES or re.fullmatch(_CREDENTIAL_PATTERN, name):
        return "is a file for credentials"
    if name.endswith(_KEY_EXTENSIONS) or re.fullmatch(_KEY_PATTERN, name):
        return "is a file for keys or passwords"
    if re.fullmatch(_HISTORY_PATTERN, name):
        return "is a command history"
    if name.startswith(".") and not (name in _ORDINARY_DOT_FILES or name.startswith(_ORDINARY_DOT_PREFIXES)):
        return "is a hidden file"
    return None


def _words(names: str) -> list[str]:
    return names.split()


_SECRET_FOLDERS = frozenset(
    _words(
        ".ssh .aws .gnupg .kube .azure .docker .password-store .1password .mozilla .thunderbird .pki .keychain"
        " .oci .gcloud .terraform.d"
    )
)

_SECRET_PLACES = (
    "/.config/gcloud/",
    "/.config/gh/",
    "/.config/op/",
    "/.config/google-chrome/",
    "/.config/chromium/",
    "/.config/microsoft-edge/",
    "/.config/bravesoftware/",
    "/.local/share/keyrings/",
    "/library/keychains/",
    "/library/cookies/",
    "/application support/google/chrome/",
    "/application support/microsoft edge/",
    "/application support/bravesoftware/",
    "/application support/firefox/",
    "/google/chrome/user data/",
    "/microsoft/edge/user data/",
    "/brave-browser/user data/",
    "/mozilla/firefox/profiles/",
    "/microsoft/credentials/",
    "/microsoft/protect/",
    "/microsoft/vault/",
)

_BROWSER_FILES = frozenset(
    {
        "login data",
        "login data for account",
        "web data",
        "cookies",
        "cookies-journal",
        "cookies.sqlite",
        "cookies.binarycookies",
        "key3.db",
        "key4.db",
        "cert9.db",
        "logins.json",
        "logins-backup.json",
        "signons.sqlite",
        "formhistory.sqlite",
        "sessionstore.jsonlz4",
    }
)

_CREDENTIAL_FILES = frozenset(
    _words(
        "_netrc pgpass.conf credentials credentials.json credentials.db credentials.csv credentials.toml credentials.yaml"
        " credentials.yml access_tokens.db accesstokens.json msal_token_cache.json msal_token_cache.bin azureprofile.json"
        " application_default_credentials.json kubeconfig wallet.dat htpasswd"
    )
)
_CREDENTIAL_PATTERN = (
    r"client_?secrets?.*\.json|service[-_]?account.*\.json|secrets?\.(?:json|ya?ml|toml|ini)|.+\.env|\.env.*"
)

_KEY_EXTENSIONS = tuple(
    _words(
        ".pem .key .p8 .p12 .pk8 .pfx .ppk .jks .keystore .kdb .kdbx .psafe3 .agilekeychain .opvault .keychain"
        " .keychain-db .ovpn .gpg .pgp"
    )
)
# Public halves may be read; so may "id_list.csv".
_KEY_PATTERN = (
    r"id_(?:rsa|dsa|ecdsa|ed25519|xmss)(?:_sk)?(?:[._-](?!pub$|cert\.pub$).*)?|id_[a-z0-9_-]+|ssh_host_\w+_key"
)

_HISTORY_PATTERN = r"\..*hist(?:ory|file)?|\.lesshst|\.viminfo|fish_history|consolehost_history\.txt"

_ORDINARY_DOT_FILES = frozenset(
    _words(
        ".gitignore .gitattributes .gitmodules .gitkeep .mailmap .git-blame-ignore-revs .editorconfig .dockerignore"
        " .npmignore .nvmrc .node-version .python-version .ruby-version .tool-versions .browserslistrc .flake8 .pylintrc"
        " .coveragerc .clang-format .clang-tidy .clangd .gitlab-ci.yml .travis.yml .readthedocs.yml .readthedocs.yaml"
        " .helmignore .hgignore .bumpversion.cfg .shellcheckrc .luacheckrc .mypy.ini .ruff.toml .rustfmt.toml"
    )
)
_ORDINARY_DOT_PREFIXES = (
    ".pre-commit-",
    ".prettier",
    ".eslint",
    ".stylelint",
    ".babelrc",
    ".markdownlint",
    ".yamllint",
    ".rubocop",
    ".golangci",
    ".swiftlint",
    ".scalafmt",
)
