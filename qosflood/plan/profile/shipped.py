"""The profiles that qosflood ships, by name; so little is imported that completion may ask."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[2]


def list_profiles() -> dict[str, Path]:
    """The shipped profiles: file by name, in alphabetical order.

    They lie in the package of a wheel, and beside the package in a checkout.
    """
    folders = (_PACKAGE / "profiles", _PACKAGE.parent / "profiles")
    folder = next((path for path in folders if path.is_dir()), folders[0])
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}
