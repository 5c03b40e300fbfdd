"""What the tests of profiles share."""

import pytest

from qosflood.base.errors import ProfileError
from qosflood.plan.profile.files import load_profile


@pytest.fixture
def problems(tmp_path, monkeypatch):
    """The error lines of a profile with the given text, called soak.toml."""
    monkeypatch.chdir(tmp_path)

    def of(text: str | bytes, *sets: str) -> list[str]:
        raw = text if isinstance(text, bytes) else text.encode()
        (tmp_path / "soak.toml").write_bytes(raw)
        with pytest.raises(ProfileError) as caught:
            load_profile("soak.toml", sets)
        assert str(caught.value) == "\n".join(caught.value.problems)
        return caught.value.problems

    return of
