"""Files that are either whole or absent."""

import contextlib
import errno
import hashlib
import os
import secrets
from pathlib import Path

from .errors import InputError

__all__ = ["NO_ROOM", "sha256", "write_atomic"]

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}
"""Errors of a disk that is full, up to a quota or altogether, or that cannot be written."""


def write_atomic(path: Path, content: bytes) -> None:
    """Writes `content` to `path` so that no reader and no crash ever sees half of it.

    The bytes go to a temporary file in the same folder, reach the disk, and then replace `path`
    in one step.

    Raises
        InputError  the folder cannot be written or the disk is full; what was at `path` stays
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "xb") as f:
            f.write(content)
            f.flush()
            os.fsync(f.fileno())
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise InputError(
            "path",
            "be on a writable file system with room left",
            f"{path} ({error.strerror or error})",
            "Free some space or choose another folder, then repeat the command: "
            "finished work is kept.",
        ) from error


def sha256(path: Path) -> str:
    """Returns the hexadecimal SHA-256 of a file's content."""
    digest = hashlib.sha256()
    with open(path, "rb") as f:
        while block := f.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
