"""A new file is nobody else's, whatever was planted beforehand."""

import pytest

from qosflood.base.new_file import create, temporary_beside


def test_a_temporary_file_has_a_new_name_each_time_beside_the_file_it_becomes(tmp_path):
    path = tmp_path / "report.json"
    made = [temporary_beside(path) for _ in range(3)]
    for temporary, file in made:
        file.close()
        assert temporary.parent == tmp_path
        assert temporary.name.startswith(".report.json.")
        assert temporary.suffix == ".tmp"
    assert len({temporary for temporary, _ in made}) == 3


@pytest.mark.parametrize("exists", [True, False])
def test_a_planted_link_is_not_followed(tmp_path, exists):
    victim, link = tmp_path / "victim", tmp_path / "link"
    if exists:
        victim.write_text("precious")
    link.symlink_to(victim)
    with pytest.raises(FileExistsError):
        create(link)
    assert victim.exists() is exists
    assert not exists or victim.read_text() == "precious"
