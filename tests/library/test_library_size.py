"""A thousand studies with a hundred thousand results: a question takes less than 0.2 s, and both databases answer alike."""

import pytest

from closo import library
from closo.library.database import open_database

QUESTIONS = (
    ["sigma(30 degC) > 1e-2 S/cm"],
    ["sigma(30 degC) > 1e-2 S/cm", "kind = specimen"],
    ["sigma(30 degC) > 1e-2 S/cm", "activation_energy < 10 eV"],
    ["sigma(30 degC) > 1e-2 S/cm", "activation_energy < 10 eV", "volume_fraction > 30 %"],
    ["sigma > 1e-9 S/cm"],
)


def multiply(place: str, results: int) -> None:
    """Copy the only study of a library, with numbers that differ, until there are so many results."""
    with open_database(place).transaction(write=True) as connection:
        rows, owners = (connection.exec_driver_sql(f"SELECT max(id) FROM {t}").scalar() for t in ("results", "owners"))
        count = f"SELECT 1 UNION ALL SELECT n + 1 FROM k WHERE n < {results // rows}"
        times = f"WITH RECURSIVE k(n) AS ({count}) SELECT n FROM k"
        factor = "(1 + ((n * 7919 + result_id * 3571) % 997))"  # a whole number, so that both round alike
        owner = f"owner_id + n * {owners}"
        numbers = ", ".join(f"{name} * {factor}" for name in ("value", "u", "low", "high"))
        columns = {
            "studies": "id + n, folder || n, title, synthetic, added, state, results, missing",
            "owners": f"id + n * {owners}, study_id + n, name, kind, sample_id + n * {owners}",
            "results": f"id + n * {rows}, study_id + n, {owner}, key, technique, branch, stage, failed, fingerprint, "
            "closo, time",
            "quantities": f"result_id + n * {rows}, key, name, main, {owner}, sample_id + n * {owners}, {numbers}, "
            "temperature, basis, why",
        }
        for table, chosen in columns.items():
            connection.exec_driver_sql(f"INSERT INTO {table} SELECT {chosen} FROM {table}, ({times}) AS k")
        connection.exec_driver_sql("ANALYZE")


@pytest.fixture(scope="module")
def thousand(small, tmp_path_factory) -> str:
    place = str(tmp_path_factory.mktemp("many") / "library.sqlite")
    library.add([small], library=place, compute=False)
    multiply(place, 100_000)
    return place


@pytest.mark.slow
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_to_a_thousand_studies_is_answered_at_once(thousand, question, at_once):
    with open_database(thousand).transaction() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM results").scalar() >= 100_000
    found = at_once(lambda: library.find(question, library=thousand), 0.6)  # 0.03 to 0.16 s on a busy machine
    assert 100 < found.total < 100_000
    assert len(found.hits) >= 100


@pytest.mark.slow
def test_both_databases_answer_alike_over_many_studies(small, postgres, tmp_path):
    places = [str(tmp_path / "library.sqlite"), postgres]
    for place in places:
        library.add([small], library=place, compute=False)
        multiply(place, 5_000)
    for question in QUESTIONS:
        first, second = (library.find(question, library=place, most=30) for place in places)
        assert first == second
        assert first.total > 10
