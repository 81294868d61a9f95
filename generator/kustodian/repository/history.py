"""The earlier contents of a file, for rules that look back."""

from __future__ import annotations

from pathlib import Path

from kustodian.model.errors import HistoryUnknown, UserError
from kustodian.repository.git import GitError, Repository, repository_around

#: Commits that change one file. More are not read: nothing must decide by a part of the history.
_MOST_COMMITS = 10_000


def past_texts(root: Path, file: str) -> list[str]:
    """The contents of a file in the commits that HEAD reaches, newest first.

    Empty without a git repository or a commit with the file. Raises HistoryUnknown if not all are known: a
    shallow or partial clone, a git folder that is not trusted, git that fails.
    """
    try:
        repository = repository_around(root)
        if repository is None or repository.text_or_none("rev-parse", "--verify", "--quiet", "HEAD") is None:
            return []
        return _texts(repository, file)
    except GitError as error:
        raise HistoryUnknown(file, error.message, error.hint) from error
    except HistoryUnknown:
        raise
    except UserError as error:
        raise HistoryUnknown(file, f"{error.file}: {error.message}", error.hint) from error


def _texts(repository: Repository, file: str) -> list[str]:
    if repository.is_shallow:
        raise HistoryUnknown(file, "this clone is shallow", repository.missing_hint())
    if "\n" in file:
        raise HistoryUnknown(file, "its name has a line break", "rename the file")
    limit = f"--max-count={_MOST_COMMITS + 1}"
    commits = repository.text("log", limit, "--format=%H", "--no-color", "--", f":(literal){file}").split()
    if len(commits) > _MOST_COMMITS:
        raise HistoryUnknown(file, f"more than {_MOST_COMMITS} commits change it", "move the file")
    contents = repository.objects_named([f"{commit}:./{file}" for commit in commits])
    for commit, content in zip(commits, contents, strict=True):
        if content is None and repository.text("ls-tree", commit, "--", f":(literal){file}"):
            reason = f"its content at {commit[:12]} is not in this clone"
            raise HistoryUnknown(file, reason, repository.missing_hint())
    return [content.decode("utf-8", "replace") for content in contents if content is not None]
