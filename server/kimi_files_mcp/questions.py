"""What the user is asked, where the host can ask: before a file is deleted, and whether a refused folder may be read after all.

Each question is a resolver in the sense of the SDK: it runs before the tool, in both eras of the protocol. A client that
cannot ask is never asked, and the tool then does what it does without an answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import anyio.to_thread
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.resolve import AcceptedElicitation, CancelledElicitation, Elicit, ElicitationResult

from kimi_files.access import default_folders, shown
from kimi_files.errors import KimiFilesError, PathNotAllowed, PermissionDenied
from kimi_files_tools.workspace import Workspace, is_file_id

if TYPE_CHECKING:
    from kimi_files.access import AccessPolicy

Answer = ElicitationResult[Any]
"""What the user answered. Where nothing had to be asked, it is accepted and its data is None."""

# Nobody reads a longer list before pressing a button.
_MOST_FOLDERS = 5


@dataclass(slots=True)
class Session:
    """What lasts as long as the server runs: the workspace, and the folders that the user did not want to allow."""

    workspace: Workspace
    declined: set[Path] = field(default_factory=set)


async def folder_of_file(context: Context[Session, Any], file: str) -> Any:
    """Asks whether the folder of a refused ``file`` may be read."""
    return await _ask_for_folders(context, [file])


async def folder_of_path(context: Context[Session, Any], path: str) -> Any:
    """Asks whether the folder of a refused ``path`` may be read."""
    return await _ask_for_folders(context, [path])


async def folders_of_files(context: Context[Session, Any], files: list[str]) -> Any:
    """Asks whether the folders of those of ``files`` that are refused may be read; in one question."""
    return await _ask_for_folders(context, files)


async def before_delete(context: Context[Session, Any], file_id: str) -> Any:
    """Asks before a file is deleted. Not for an id that names no file: the tool says so."""
    from pydantic import BaseModel, Field

    workspace = context.request_context.lifespan_context.workspace
    if not _can_ask(context) or not is_file_id(file_id):
        return None
    try:
        file = await (await workspace.service()).retrieve(file_id.strip())
    except KimiFilesError:
        return None

    class DeleteFile(BaseModel):
        agreed: bool = Field(True, title="Delete it for good")

    return Elicit(f"Delete the uploaded file {shown(file.filename)} ({file.bytes:,} bytes)?", DeleteFile)


async def settle_folders(context: Context[Session, Any], answer: Answer, names: Sequence[str]) -> None:
    """Allow what the user allowed, until the server ends; remember what not, so that nobody is asked twice."""
    session = context.request_context.lifespan_context
    if not isinstance(answer, AcceptedElicitation):
        session.declined.update(await _folders_to_offer(session, names))
    elif answer.data is not None and answer.data.agreed:
        policy = session.workspace.policy
        session.workspace.policy = replace(policy, allowed=(*policy.allowed, *answer.data.folders))
    elif answer.data is not None:
        session.declined.update(answer.data.folders)


def settle_delete(answer: Answer, file_id: str) -> None:
    """PermissionDenied where the user was asked and did not agree, or where nobody answered."""
    if isinstance(answer, AcceptedElicitation) and (answer.data is None or answer.data.agreed):
        return
    if isinstance(answer, CancelledElicitation):  # what hosts say as well that run without a user
        raise PermissionDenied(
            "Nobody answered the question whether to delete the file: it is kept.",
            f"The user can delete it at a terminal: kimi-files-mcp delete {file_id.strip()}",
        )
    raise PermissionDenied(
        "The user was asked and did not agree: the file is kept.", "Delete it only if the user asks for it again."
    )


async def _ask_for_folders(context: Context[Session, Any], names: Sequence[str]) -> Any:
    from pydantic import BaseModel, Field

    offered = await _folders_to_offer(context.request_context.lifespan_context, names) if _can_ask(context) else []
    if not offered:
        return None

    class AllowFolders(BaseModel):
        # Bound to the question, so that exactly what the user read is allowed.
        folders: ClassVar[Sequence[Path]] = offered
        agreed: bool = Field(True, title="Allow until this session ends")

    listed = ", ".join(shown(folder) for folder in offered)
    return Elicit(
        f"The agent wants to read files in {listed}, which the settings do not allow. Allow it?", AllowFolders
    )


async def _folders_to_offer(session: Session, names: Sequence[str]) -> list[Path]:
    """The folders of refused paths that exist and that may be offered: never a wide, hidden or secret one, nor one twice."""
    refused = [name for name in names if await _is_refused(session.workspace, name)]

    def fit() -> list[Path]:
        folders = dict.fromkeys(_folder_of(name, session.workspace.policy) for name in refused)
        home = Path.home()
        return [folder for folder in folders if folder and default_folders(folder, home) == (folder,)]

    offered = await anyio.to_thread.run_sync(fit) if refused else []
    return [folder for folder in offered if folder not in session.declined][:_MOST_FOLDERS]


async def _is_refused(workspace: Workspace, name: str) -> bool:
    try:
        async with workspace.open(name):
            return False
    except PathNotAllowed:
        return True
    except KimiFilesError:
        return False


def _folder_of(name: str, policy: AccessPolicy) -> Path | None:
    """The folder that a path means, or in which the file is that it means; None where there is none."""
    # A link in an allowed folder may lead out, so a relative path is tried from each of them as well.
    for spelling in (name, *(str(folder / name) for folder in policy.allowed)):
        widened = policy.with_path(spelling)
        if len(widened.allowed) > len(policy.allowed):
            return widened.allowed[-1]
        if widened.files[-1].exists():
            return widened.files[-1].parent
    return None


def _can_ask(context: Context[Session, Any]) -> bool:
    """Whether the client shows forms. One that declares elicitation without saying how does."""
    capabilities = context.client_capabilities
    elicitation = capabilities.elicitation if capabilities else None
    return elicitation is not None and (elicitation.form is not None or elicitation.url is None)
