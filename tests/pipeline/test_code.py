"""Which results a change of code makes stale: those that the changed module had a hand in, and no others."""

import pytest

from closo.pipeline import code, explained, recalling
from closo.pipeline.jobs import Job
from closo.readers import READERS
from closo.study import load
from closo.techniques import TECHNIQUES
from closo.twin import write_study


@pytest.fixture
def with_comma(monkeypatch):
    """Return a function that adds a comma to a module, as far as hashes can see."""
    text_of = code._text_of.__wrapped__

    def change(module: str) -> None:
        assert text_of(module)
        monkeypatch.setattr(code, "_text_of", lambda name: text_of(name) + ("," if name == module else ""))
        code.code_version.cache_clear()

    yield change
    code.code_version.cache_clear()


def fingerprints() -> dict[tuple[str, str], str]:
    """Return the fingerprint of one job per reader and technique."""
    return {
        (reader.name, technique.name): Job(
            key="k", path="p", sha256="0", file="f", source="s", part=1, technique=technique.name, read_by=reader.name
        ).fingerprint
        for reader in READERS
        for technique in TECHNIQUES
    }


def stale(before: dict[tuple[str, str], str]) -> tuple[set[str], set[str]]:
    """Return the readers and the techniques of the jobs that have another fingerprint now."""
    changed = {pair for pair, fingerprint in fingerprints().items() if fingerprint != before[pair]}
    return {reader for reader, _ in changed}, {technique for _, technique in changed}


EVERY_READER = {reader.name for reader in READERS}
EVERY_TECHNIQUE = {technique.name for technique in TECHNIQUES}


@pytest.mark.parametrize(
    ("module", "readers", "techniques"),
    [
        ("closo.readers.gamry", {"gamry"}, EVERY_TECHNIQUE),
        ("closo.readers.biologic.mpr", {"mpr"}, EVERY_TECHNIQUE),
        ("closo.readers.zplot", {"zplot", "autolab"}, EVERY_TECHNIQUE),
        ("closo.techniques.impedance.drt", EVERY_READER, {"impedance"}),
        ("closo.techniques.half_cycles", EVERY_READER, {"plating", "critical_current", "cycling"}),
        ("closo.techniques.plating.analysis", EVERY_READER, {"plating", "critical_current"}),
        ("closo.number", EVERY_READER, EVERY_TECHNIQUE),
        ("closo.pipeline.jobs", EVERY_READER, EVERY_TECHNIQUE),
        ("closo.readers", set(), set()),  # the tables only choose
        ("closo.techniques", set(), set()),
        ("closo.figures.draw", set(), set()),
        ("closo.report.build", set(), set()),
        ("closo.models.transport.kernels", set(), set()),
    ],
)
def test_a_comma_makes_stale_what_the_module_had_a_hand_in(with_comma, module, readers, techniques):
    before = fingerprints()
    with_comma(module)
    assert stale(before) == (readers, techniques)


def test_an_import_inside_a_function_counts():
    assert "closo.combine.arrhenius.analysis" in code._reached(("closo.combine.pellets",))
    assert "closo.readers.tools.joining" in code._reached(("closo.pipeline.jobs",))


@pytest.mark.parametrize("row", [*READERS, *TECHNIQUES], ids=lambda row: row.name)
def test_the_own_module_of_a_row_is_reached(row):
    assert {row.module, "closo.errors", "closo.nomenclature"} <= code._reached((row.module,))


@pytest.mark.parametrize(
    ("key", "module"),
    [
        ("interphase", "closo.combine.interphase.forward"),
        ("milling", "closo.combine.milling.analysis"),
        ("cell", "closo.combine.limits.scoring"),
        ("cell", "closo.pipeline.limits"),
    ],
)
def test_an_explanation_is_stale_when_the_code_that_explains_has_changed(with_comma, tmp_path, key, module):
    write_study(tmp_path / "small", seed=0, kind="small")
    study = load(tmp_path / "small")

    def now() -> tuple[dict[str, str], str]:
        kept = {name: explained._fingerprint(name, study, set(), {}) for name in explained.EXPLAINED}
        return kept, recalling.basis_of(study)

    before, seal = now()
    with_comma("closo.report.build")
    assert now() == (before, seal)
    with_comma(module)
    after, broken = now()
    assert before[key] != after[key]
    assert broken != seal  # else the old one would be taken for known
