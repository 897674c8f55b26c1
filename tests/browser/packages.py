"""SDKs that are not ours, as npm has them: fetched when a test needs one, kept between runs."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from hashlib import sha512
from pathlib import Path

from platformdirs import user_cache_path

from tests.missing import missing

FETCH_SECONDS_MAX = 240


@dataclass(frozen=True)
class Package:
    """One file of one version; `integrity` is the SHA-512 of the package, as npm writes it."""

    name: str
    version: str
    integrity: str
    file: str

    @property
    def kept_at(self) -> Path:
        """Where the file lies once it has been fetched."""
        name = f"{self.name.strip('@').replace('/', '-')}-{self.version}.js"
        return user_cache_path("milepost-tests") / "sdks" / name

    def script(self) -> bytes:
        """The file. Without npm the test is skipped; where `CI` is set it fails."""
        if not self.kept_at.exists():
            if not shutil.which("npm"):
                missing(f"{self.name} is fetched by npm, which is not there")
            self._fetch()
        return self.kept_at.read_bytes()

    def _fetch(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(
                ["npm", "pack", "--silent", f"{self.name}@{self.version}"],
                cwd=folder,
                check=True,
                timeout=FETCH_SECONDS_MAX,
                stdout=subprocess.DEVNULL,
            )
            (archive,) = Path(folder).glob("*.tgz")
            found = base64.b64encode(sha512(archive.read_bytes()).digest()).decode()
            assert found == self.integrity, f"{self.name}@{self.version} is not what it was"
            with tarfile.open(archive) as packed:
                member = packed.extractfile(f"package/{self.file}")
                assert member is not None
                script = member.read()
        self.kept_at.parent.mkdir(parents=True, exist_ok=True)
        partial = self.kept_at.with_suffix(f".{os.getpid()}")
        partial.write_bytes(script)
        partial.replace(self.kept_at)


RUDDER_PACKAGE = Package(
    "@rudderstack/analytics-js",
    "3.34.1",
    "cci768CvaM64Wr/MDDtLF8K49aPy7TwwfwL9G1a2SSfgwL4XfVfGNVT//Mv8yph0a14pPc/Nf5HDWhVjAD5vQg==",
    "dist/npm/modern/bundled/umd/index.js",
)
SEGMENT_PACKAGE = Package(
    "@segment/analytics-next",
    "1.84.3",
    "5l7cPBzScxhfJ0zdcKQI4daDvMIWWUk7hClT1xGRelnHUltIEoQ9w8+ZpFPoWJMpX8D7IA1nVAfJbpiKi3XaKw==",
    "dist/umd/index.js",
)
SNOWPLOW_PACKAGE = Package(
    "@snowplow/browser-tracker",
    "4.10.1",
    "1Kmi6Mtyxwn5BN7BPD63CCb8diNr/cD/ihxHVbnTVc9UQRK9xJALpkpOu90PomVH/GJN2VxVKyeNmPJhGnv9og==",
    "dist/index.umd.min.js",
)
POSTHOG_PACKAGE = Package(
    "posthog-js",
    "1.449.2",
    "vji+h92IHaLlFSEnRH1hwe8uLWGOdDUImmPXexj/+V7Xm7HTxIQisYE/Kom7Aaw4DRpzfdhQxiyAN1YVYR4G8Q==",
    "dist/module.js",
)
