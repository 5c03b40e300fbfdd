"""Foreign parts that some tests need: skipped where missing, a failure where CI promises them."""

import os
import shutil
from pathlib import Path

import pytest

JAVA_HISTOGRAM_JAR = Path("/usr/share/java/hdrhistogram.jar")


def require(condition: object, install: str) -> None:
    """Skip the test unless `condition`, naming the line that installs the part; fail in CI."""
    if condition:
        return
    if os.environ.get("CI"):
        pytest.fail(f"a part is missing here: {install}")
    pytest.skip(f"a part is missing here: {install}")


def require_java_histogram() -> Path:
    """Path of Debian's HdrHistogram for Java, with a `java` that can run it."""
    require(
        shutil.which("java") and JAVA_HISTOGRAM_JAR.exists(),
        "apt-get install libhdrhistogram-java default-jre-headless",
    )
    return JAVA_HISTOGRAM_JAR


def require_chromium() -> str:
    """Path of a Chromium that can render a page headless."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    require(path, "apt-get install chromium")
    return str(path)
