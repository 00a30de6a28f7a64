"""Whether the package's kind and size fit FC."""

from __future__ import annotations

from collections.abc import Iterator

from cutover.assessment.finding import Finding
from cutover.ports import FunctionFacts

SOURCE = "Alibaba Cloud, Function Compute, limits of usage, read 2026-11-22"
MB = 1024 * 1024
LIMIT_OSS_BYTES = 500 * MB
LIMIT_ELSEWHERE_BYTES = 100 * MB


def check(facts: FunctionFacts) -> Iterator[Finding]:
    """Give one finding on the package."""
    if facts.package_type == "Image":
        image = str(facts.configuration.get("image", ""))
        yield Finding(
            rule="package",
            severity="blocker",
            title="The function is a container image",
            place=f"Image: {image}" if image else "PackageType: Image",
            why="Lambda images speak Lambda's Runtime API; FC's containers must listen on HTTP.",
            remedy="Package the code as a zip, or rebuild the image, by its digest, for FC's custom "
            "container: a proxy "
            "from FC's port 9000 to the runtime interface in it is enough.",
            source=SOURCE,
        )
        return
    size = f"{facts.code_size / MB:.1f} MB"
    place = f"CodeSize: {facts.code_size:,} bytes"
    if facts.code_size > LIMIT_OSS_BYTES:
        yield Finding(
            rule="package",
            severity="blocker",
            title=f"The package has {size}; FC takes 500 MB at most",
            place=place,
            why="FC refuses a larger zip, also by way of OSS.",
            remedy="Leave out what is not needed at run time, or move data to OSS.",
            source=SOURCE,
        )
    elif facts.code_size > LIMIT_ELSEWHERE_BYTES:
        yield Finding(
            rule="package",
            severity="warn",
            title=f"The package has {size}; some regions of FC take 100 MB only",
            place=place,
            why="By way of OSS 500 MB are allowed in eleven regions and 100 MB elsewhere.",
            remedy="Check the limit of the region that you move to, or make the package smaller.",
            source=SOURCE,
        )
    else:
        yield Finding(
            rule="package",
            severity="ok",
            title=f"The package has {size} and fits",
            place=place,
            why="FC takes 100 MB in every region.",
            source=SOURCE,
        )
