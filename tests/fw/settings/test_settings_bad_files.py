"""A file that cannot be read at all is refused in one clear line, without reading more of it than needed."""

from __future__ import annotations

import os

import pytest

import fw
from fw.settings.read import LARGEST_FILE, read_strategy


def refusal(path, registry) -> str:
    with pytest.raises(fw.SettingsError) as caught:
        read_strategy(path, registry)
    assert caught.value.exit_code == 2
    return str(caught.value).replace(str(path), "FILE")


def test_a_missing_file(tmp_path, registry):
    assert refusal(tmp_path / "s.yaml", registry) == "FILE: does not exist"


def test_a_missing_file_with_a_near_one_beside_it(tmp_path, registry):
    (tmp_path / "quickstart.yaml").write_text("")
    there = tmp_path / "quickstart.yaml"
    assert refusal(tmp_path / "quikstart.yaml", registry) == f"FILE: does not exist. Did you mean {str(there)!r}?"


def test_a_missing_folder(tmp_path, registry):
    there = tmp_path / "nowhere"
    assert refusal(there / "s.yaml", registry) == f"FILE: does not exist, nor does its folder {there}"


def test_a_folder(tmp_path, registry):
    assert refusal(tmp_path, registry) == "FILE: is a folder: name the strategy file in it"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is unreadable for root")
def test_an_unreadable_file(tmp_path, registry):
    path = tmp_path / "s.yaml"
    path.write_text("seed: 1")
    path.chmod(0)
    assert refusal(path, registry) == "FILE: cannot be read: Permission denied"


@pytest.mark.parametrize("name", ["a\0b.yaml", "a" * 300 + ".yaml"])
def test_an_impossible_file_name(tmp_path, registry, name):
    assert "cannot be read" in refusal(tmp_path / name, registry)


@pytest.mark.parametrize("text", ["", "\n\n", "# only a remark\n", "---\n", "~\n", "--- # nothing\n...\n"])
def test_an_empty_file(tmp_path, registry, text):
    path = tmp_path / "s.yaml"
    path.write_text(text)
    message = "FILE: is empty: a strategy file names at least instruments, bar, source, strategy"
    assert refusal(path, registry) == message


@pytest.mark.parametrize("text", ["just a text", "[a, list]", "- a\n- list\n", "5"])
def test_a_file_whose_top_is_no_mapping(tmp_path, registry, text):
    path = tmp_path / "s.yaml"
    path.write_text(text)
    assert refusal(path, registry) == "FILE:1:1: wants settings (name: value) at the top"


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"seed: 1\nname: caf\xe9\n", "2:10: is not UTF-8: byte 0xe9 stands here"),
        ("seed: 1".encode("utf-16"), "1:1: is not UTF-8"),
    ],
)
def test_a_file_that_is_not_utf8(tmp_path, registry, content, place):
    path = tmp_path / "s.yaml"
    path.write_bytes(content)
    assert refusal(path, registry).startswith(f"FILE:{place}")


def test_a_large_file_is_refused(tmp_path, registry):
    path = tmp_path / "s.yaml"
    path.write_bytes(b"#" * (LARGEST_FILE + 1))
    assert refusal(path, registry) == "FILE: is larger than 1 MB, so it is no strategy file"


def test_a_file_of_fifty_megabytes_is_not_read_whole(tmp_path, registry):
    import tracemalloc

    path = tmp_path / "s.yaml"
    with path.open("wb") as handle:
        handle.truncate(50_000_000)
    tracemalloc.start()
    assert refusal(path, registry) == "FILE: is larger than 1 MB, so it is no strategy file"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


def test_a_large_text_is_refused_too(registry):
    assert refusal("#\n" * LARGEST_FILE, registry) == "<text>: is larger than 1 MB, so it is no strategy file"


def test_a_file_of_too_many_values_is_given_up(registry):
    text = "seed: 1\nfeatures: [" + "a," * 30_000 + "]\n"
    assert refusal(text, registry) == "<text>:2:40002: features[19995]: the settings hold more than 20000 values"


@pytest.mark.parametrize(
    "text", ["[" * 10_000 + "\n", "{a: " * 10_000 + "\n", "- " * 10_000 + "a\n", "? " * 10_000 + "\n"]
)
def test_deep_nesting_is_given_up(registry, text):
    assert "the settings are nested deeper than 32 levels" in refusal(text, registry)


def test_an_alias_bomb_is_refused_where_it_is_laid(registry):
    lines = ['a0: &a0 ["lol"]'] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 30)]
    text = "\n".join(lines) + "\n"
    said = refusal(text, registry).splitlines()
    anchors = [line for line in said if "anchors" in line]
    assert anchors[0] == "<text>:1:5: a0: anchors (&a0) are not read: write the value again, or quote it"
    assert len(anchors) == 30


@pytest.mark.parametrize(
    "text", ["%YAML 9.9\n---\na: 1\n", "%YAML " + "9" * 5000 + ".1\n---\na: 1\n", "%TAG ! \n---\n"]
)
def test_strange_directives_are_refused(registry, text):
    assert "is not YAML" in refusal(text, registry)


def test_thousands_of_mistakes_are_all_told(registry):
    text = "".join(f"x{i}: 1\n" for i in range(9_000))
    assert len(refusal(text, registry).splitlines()) == 9_004  # and four settings are missing
