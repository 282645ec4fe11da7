"""The environment variables that the server reads, for the pages about it; ``settings`` reads them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Variable:
    """``option`` is the one of the command line that goes before it. ``others`` are names that mean the same."""

    name: str
    meaning: str
    default: str
    option: str = ""
    others: tuple[str, ...] = ()


VARIABLES = (
    Variable(
        "KIMI_FILES_ALLOW",
        "Folders that may be read, with all below them; `:` between them, on Windows `;`",
        "the working directory if it is a project, else Documents, Desktop and Downloads",
        "--allow DIR",
    ),
    Variable(
        "KIMI_FILES_SERVICE",
        "Where uploaded files are kept: `local` on this machine, `kimi` in the account of the key, `auto` kimi with a key",
        "auto",
        "--service",
    ),
    Variable(
        "KIMI_FILES_DATA_DIR",
        "Where kept files and the cache are on this machine",
        "the user's data folder",
        "--data-dir DIR",
    ),
    Variable(
        "MOONSHOT_API_KEY", "Key for Kimi's Files API", "none: files stay on this machine", others=("KIMI_API_KEY",)
    ),
    Variable(
        "MOONSHOT_BASE_URL",
        "Address of Kimi's API",
        "https://api.moonshot.ai/v1",
        others=("MOONSHOT_API_BASE", "KIMI_BASE_URL"),
    ),
    Variable("KIMI_FILES_MODEL", "The model that answers questions", "kimi-k3 where the account has it"),
    Variable(
        "KIMI_FILES_CHAT_BASE_URL",
        "A chat endpoint that speaks OpenAI's protocol and answers questions instead of Kimi, one on this machine for example",
        "none: questions are answered by Kimi with a key, by passages without",
    ),
    Variable("KIMI_FILES_CHAT_API_KEY", "Its key", "none"),
    Variable("KIMI_FILES_STRICT", "`1`: a fresh reader process for every file", "readers are used again", "--strict"),
    Variable("KIMI_FILES_LOG", "Level of the log on stderr: `ERROR`, `WARNING`, `INFO` or `DEBUG`", "WARNING"),
)
