"""The earlier contents of a file, for rules that look back."""

from __future__ import annotations

from pathlib import Path

from kustodian.model.errors import HistoryUnknown, UserError
from kustodian.repository.git import GitError, Repository, repository_around

#: Commits that change one file. More are not read: nothing must decide by a part of the history.
_MOST_COMMITS = 10_000
_MOST_BYTES = 256 * 1024 * 1024
#: How git's message ends where HEAD is a branch without commits.
_NO_COMMIT = "does not have any commits yet"


def past_texts(root: Path, file: str) -> list[str]:
    """The contents of a file in the commits that HEAD reaches, newest first, equal ones once.

    Empty without a git repository or a commit with the file. Raises HistoryUnknown if not all are known: a
    shallow or partial clone, a git folder that is not trusted, git that fails.
    """
    try:
        repository = repository_around(root)
        if repository is None:
            return []
        with repository.session():
            return _texts(repository, file)
    except HistoryUnknown:
        raise
    except GitError as error:
        if error.reason.endswith(_NO_COMMIT):
            return []
        raise HistoryUnknown(file, error.message, error.hint) from error
    except UserError as error:
        raise HistoryUnknown(file, f"{error.file}: {error.message}", error.hint) from error


def committed_start(root: Path, file: str, count: int) -> bytes | None:
    """The first bytes of a file as git has it: in the index, else in HEAD; None if it has neither.

    Raises HistoryUnknown if git has the file but cannot say what is in it.
    """
    if "\n" in file:
        return None
    try:
        repository = repository_around(root)
        if repository is None:
            return None
        with repository.session():
            blob = next(
                (b for b in repository.sizes([f":./{file}", f"HEAD:./{file}"]) if b is not None), None
            )
            if blob is None and repository.text("ls-files", "--", f":(literal){file}"):
                raise HistoryUnknown(file, "its content is not in this clone", repository.missing_hint())
            if blob is None or blob[1] > _MOST_BYTES:
                return None
            return repository.contents([blob[0]])[0][:count]
    except GitError as error:
        raise HistoryUnknown(file, error.message, error.hint) from error
    except HistoryUnknown:
        raise
    except UserError:
        return None  # a .git that is not the repository's own does not say what is encrypted


def _texts(repository: Repository, file: str) -> list[str]:
    if repository.is_shallow:
        raise HistoryUnknown(file, "older commits are missing", repository.missing_hint())
    if "\n" in file:
        raise HistoryUnknown(file, "its name has a line break", "rename the file")
    limit, path = f"--max-count={_MOST_COMMITS + 1}", f":(literal){file}"
    commits = repository.text("log", limit, "--format=%H", "--no-color", "--", path).split()
    if len(commits) > _MOST_COMMITS:
        raise HistoryUnknown(file, f"more than {_MOST_COMMITS} commits change it", "start a new file")
    blobs: dict[str, int] = {}
    for commit, blob in zip(commits, repository.sizes([f"{one}:./{file}" for one in commits]), strict=True):
        if blob is not None:
            blobs[blob[0]] = blob[1]
        elif repository.text("ls-tree", commit, "--", path):  # the commit does not delete it
            reason = f"its content at {commit[:12]} is not in this clone"
            raise HistoryUnknown(file, reason, repository.missing_hint())
    if sum(blobs.values()) > _MOST_BYTES:
        raise HistoryUnknown(file, f"it is larger than {_MOST_BYTES >> 20} MiB", "start a new file")
    return [content.decode("utf-8", "replace") for content in repository.contents(list(blobs))]
