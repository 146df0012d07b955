"""Archives from strangers: looked through, and handed on as a copy of what was looked at.

Python's reader of zip files and torch's may take one file for two archives: where names differ in
case alone or come twice, or where bytes lie before the first entry. What was checked by one is what
the other reads only where it gets a copy.
"""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

__all__ = ["Refused", "entries", "packed"]


_GROWTH = 1 << 26  # bytes by which an archive may grow when it is unpacked


class Refused(Exception):
    """The archive is none that is read: says why, as the end of a sentence about it."""


def entries(path: Path) -> dict[str, bytes]:
    """Returns the content of an archive by name, without the folder that all of it lies in.

    Raises
        Refused  it is damaged, or not as torch writes archives: in one folder, each name once and
                 none a way out of it, and next to nothing but the text of programs compressed
    """
    if not zipfile.is_zipfile(path):
        raise Refused("is neither a .safetensors file nor an archive")
    try:
        with zipfile.ZipFile(path) as archive:
            listed = archive.infolist()
            folders = {entry.filename.partition("/")[0] for entry in listed}
            names = [entry.filename.partition("/")[2] for entry in listed]
            _check_names(folders, names)
            most = path.stat().st_size + _GROWTH
            if sum(entry.file_size for entry in listed) > most:
                raise Refused(f"unpacks to more than {most:,} bytes")
            return {
                name: archive.read(entry) for name, entry in zip(names, listed, strict=True) if name
            }
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, RuntimeError) as error:
        raise Refused(f"is a damaged archive ({error})") from error


def packed(content: Mapping[str, bytes]) -> io.BytesIO:
    """Returns an archive of these entries."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, value in content.items():
            archive.writestr(f"archive/{name}", value)
    written.seek(0)
    return written


def _check_names(folders: set[str], names: list[str]) -> None:
    if len({name.lower() for name in names}) < len(names):
        raise Refused("holds one name twice")
    steps = {step for name in names for step in name.split("/")}
    if len(folders) != 1 or ".." in steps or any("\\" in name or "\0" in name for name in names):
        raise Refused("holds paths that lead out of its folder")
