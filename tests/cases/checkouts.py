"""Files of a repository at a commit: from a checkout, from a git directory, or from a plain folder.

Nothing of the repository is run and none of its hooks: git only prints an archive, which is read in memory.
"""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

LIMIT_S = 120


class Missing(Exception):
    """A repository, commit or path is not there; the message says which."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkouts:
    """The folder with the repositories, named owner/name or owner+name."""

    folder: Path

    def files(self, repo: str, commit: str, path: str) -> dict[str, bytes]:
        """Give the files below a path, by their path from there.

        A folder without git gives its files as they are. Symbolic links are left out.

        Raises:
            Missing: there is no such repository, commit or path.
        """
        place = self._place(repo)
        found = dict(_tracked(place, commit, path) if _is_git(place) else _plain(place / path))
        if not found:
            raise Missing(f"{repo} has nothing at {path}")
        return found

    def _place(self, repo: str) -> Path:
        names = (repo, repo.replace("/", "+"), f"{repo}.git", f"{repo.replace('/', '+')}.git")
        for name in names:
            for place in (self.folder / name, self.folder / name / "repo"):
                if place.is_dir() and (_is_git(place) or place.name != "repo"):
                    if not _is_git(place) and _is_git(place / "repo"):
                        continue  # the repository is one level down
                    return place
        raise Missing(f"there is no checkout of {repo}")


def _is_git(place: Path) -> bool:
    return (place / ".git").exists() or ((place / "HEAD").is_file() and (place / "objects").is_dir())


def _tracked(place: Path, commit: str, path: str) -> Iterator[tuple[str, bytes]]:
    # A checkout may belong to another user; this reads it and runs nothing of it.
    command = [
        "git",
        "-c",
        "safe.directory=*",
        "-C",
        str(place),
        "archive",
        "--format=tar",
        f"{commit}:{path}",
    ]
    done = subprocess.run(command, capture_output=True, timeout=LIMIT_S, check=False)
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise Missing(f"commit {commit[:12]} has no {path} here ({said[-1] if said else 'git failed'})")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        for member in archive:
            opened = archive.extractfile(member) if member.isfile() else None
            if opened is not None:
                yield member.name, opened.read()


def _plain(folder: Path) -> Iterator[tuple[str, bytes]]:
    for place in sorted(folder.rglob("*")):
        if place.is_file() and not place.is_symlink() and "node_modules" not in place.parts:
            yield place.relative_to(folder).as_posix(), place.read_bytes()


def text_of(files: Mapping[str, bytes], endings: tuple[str, ...]) -> str:
    """Give all text of the files with one of these endings, to look for words in."""
    return "\n".join(
        content.decode("utf-8", "replace") for name, content in files.items() if name.endswith(endings)
    )
