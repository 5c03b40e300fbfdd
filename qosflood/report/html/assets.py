"""The styles and scripts that pages are made of, as files beside this module and plotly's."""

from importlib import resources
from importlib.util import find_spec
from pathlib import Path


def text_of(name: str) -> str:
    """A style or script beside this module, e.g. `common.css`."""
    return resources.files(__package__).joinpath(name).read_text("utf-8")


def plotly_script() -> str:
    """plotly's script, read as a file: importing the package takes longer than all the rest."""
    spec = find_spec("plotly")
    assert spec is not None
    assert spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0])
    return (folder / "package_data" / "plotly.min.js").read_text("utf-8")
