"""Code packages: stored by digest, unpacked once, layers stacked into one directory."""

import base64
import hashlib
import hmac
import io
import os
import shutil
import threading
import time
import zipfile
from pathlib import Path

from sandbox.aws.errors import invalid

MAX_UNPACKED_BYTES = 262_144_000  # Source: docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
LOCATION_TTL_S = 600


class Packages:
    """Zip files under one directory. secret: signs download links."""

    def __init__(self, root: Path, secret: str) -> None:
        self._root = root
        self._secret = secret.encode()
        self._lock = threading.Lock()
        for part in ("zip", "code", "opt"):
            (root / part).mkdir(parents=True, exist_ok=True)

    def put(self, body: bytes) -> tuple[str, str, int]:
        """Store a zip; give (key, CodeSha256 in base64, size in bytes). Raises AwsError for no good zip."""
        try:
            with zipfile.ZipFile(io.BytesIO(body)) as archive:
                total = sum(entry.file_size for entry in archive.infolist())
        except zipfile.BadZipFile as exc:
            raise invalid(
                "Could not unzip uploaded file. Please check your file, then try to upload again."
            ) from exc
        if total > MAX_UNPACKED_BYTES:
            raise invalid(f"Unzipped size must be smaller than {MAX_UNPACKED_BYTES} bytes")
        digest = hashlib.sha256(body)
        place = self._zip(digest.hexdigest())
        if not place.exists():
            fresh = place.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
            fresh.write_bytes(body)
            fresh.replace(place)
        return digest.hexdigest(), base64.b64encode(digest.digest()).decode(), len(body)

    def _zip(self, key: str) -> Path:
        return self._root / "zip" / f"{key}.zip"

    def location(self, key: str, address: str) -> str:
        """Give a link that downloads a package during ten minutes."""
        expires = int(time.time()) + LOCATION_TTL_S
        return f"{address}/_sandbox/code/{key}?expires={expires}&signature={self._signature(key, expires)}"

    def _signature(self, key: str, expires: int) -> str:
        return hmac.new(self._secret, f"{key}:{expires}".encode(), hashlib.sha256).hexdigest()

    def download(self, key: str, expires: str, signature: str) -> bytes | None:
        """Give the bytes behind a link, or None when it is wrong or too old."""
        if not expires.isdecimal() or int(expires) < time.time():
            return None
        if not hmac.compare_digest(self._signature(key, int(expires)), signature):
            return None
        return self._zip(key).read_bytes()

    def unpacked(self, key: str) -> Path:
        """Give the directory with the package's files, unpacking it at the first call."""
        place = self._root / "code" / key
        with self._lock:
            if not place.exists():
                self._fill(place, (key,))
        return place

    def stacked(self, keys: tuple[str, ...]) -> Path:
        """Give the directory that stands for /opt: the layers in order, later ones over earlier ones."""
        name = hashlib.sha256("\n".join(keys).encode()).hexdigest()
        place = self._root / "opt" / name
        with self._lock:
            if not place.exists():
                self._fill(place, keys)
        return place

    def _fill(self, place: Path, keys: tuple[str, ...]) -> None:
        fresh = place.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        for key in keys:
            with zipfile.ZipFile(self._zip(key)) as archive:
                for entry in archive.infolist():
                    _extract(archive, entry, fresh)
        fresh.replace(place)


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, into: Path) -> None:
    """Write one entry; names that lead out of the directory are cut by ZipFile.extract itself."""
    written = Path(archive.extract(entry, into))
    mode = entry.external_attr >> 16
    if mode and not entry.is_dir():
        written.chmod((mode & 0o777) | 0o444)
