"""TOML files that nobody would write on purpose: an answer at once, and without gigabytes."""

import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from closo.errors import StudyError
from closo.study import examine
from closo.toml import read_toml


def answer(at_once, tmp_path, text, *, limit=5.0):
    """Return the sentence of the refusal, '' where the file is read; within the limit [s] and 200 MB, both traced."""
    (tmp_path / "study.toml").write_text(text, encoding="utf-8", errors="replace")

    def reading():
        tracemalloc.start()
        try:
            read_toml(tmp_path / "study.toml")
            said = ""
        except StudyError as error:
            said = str(error)
        finally:
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert peak < 200e6
        return said

    return at_once(reading, limit)  # a fifth of it without tracing


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a." * 100_000 + "b = 1", "line 1: a key has more than 8 parts"),
        ("x = 1\n[" + " . ".join(["'a'"] * 50_000) + "]", "line 2: a key has more than 8 parts"),
        ("x = { " + ".".join(["a"] * 50_000) + " = 1 }", "more than 8 parts"),
        ("\n".join(f"k{k}.a = 1" for k in range(150_000)), "lines, keys and members"),
        ("x = [" + "1," * 500_000 + "]", "lines, keys and members"),
        ("x = " + "[" * 100_000, "nested too deeply"),
        ("x = 1" + "0" * 100_000, "a number too long"),
        ('x = "' + "a" * 1_500_000 + '"', ""),
        ("# " + "." * 1_500_000, ""),
        ("a" * 1_500_000 + " = 1", ""),
        ('"' * 300_000, "not TOML"),
    ],
)
def test_a_file_that_would_take_gigabytes_is_refused_at_once(at_once, tmp_path, text, said):
    assert said in answer(at_once, tmp_path, text)


def test_a_sentence_with_many_points_is_no_deep_key(at_once, tmp_path):
    note = "note = 'a. b. c. d. e. f. g. h. i. j.'\n[samples.S.recipe.masses]\nSiO2 = '1 mg'"
    assert answer(at_once, tmp_path, note) == ""


def test_many_mistakes_are_told_at_once_and_not_all(at_once, tmp_path):
    lines = "\n".join(f"mistake{k} = {k}" for k in range(5000))
    (tmp_path / "study.toml").write_text(f'title = "t"\n{lines}\n', encoding="utf-8")
    study, found = at_once(lambda: examine(tmp_path), 5.0)
    assert study is None
    assert 200 <= len(found) <= 202
    assert "more mistakes" in found[-1].text


_LINES = st.sampled_from(
    [
        "[a.b]",
        "[[a]]",
        "a = 1",
        "a.b.c = '1 um'",
        "x = [1, 2",
        "]",
        "{",
        "}",
        '"""',
        "'''",
        "=",
        ".",
        "a." * 12 + "b = 1",
        "#",
        "[" * 50,
    ]
)


@settings(max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.text(max_size=400), st.lists(_LINES, max_size=30).map("\n".join)))
def test_any_text_is_read_or_refused(at_once, tmp_path, text):
    answer(at_once, tmp_path, text, limit=1.0)

    def examined():
        with suppress(StudyError):
            examine(tmp_path)

    at_once(examined)
