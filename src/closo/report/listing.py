"""The tables of a report, from the results."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from closo.claims import RESTS_ON, Verdict
from closo.combine.arrhenius import predict
from closo.figures.labels import unit_text
from closo.nomenclature import look_up
from closo.pipeline import Analysis, Failure, Problem
from closo.quantity import Quantity
from closo.report.tables import Cell, Column, Table
from closo.report.wording import celsius, key_text
from closo.result import Result
from closo.techniques import get

REFERENCE = 303.15  # K, the temperature at which the summary compares samples


def at_reference(result: Result | None) -> Quantity | None:
    """Return the conductivity of an Arrhenius result at the reference temperature, None where there is none."""
    return predict(result, REFERENCE) if result is not None and result.technique == "arrhenius" else None


def single(analysis: Analysis, specimens: Collection[str] | None = None) -> list[Result]:
    """Return the results of single measurements, of some specimens or of all."""
    return [
        result
        for result in analysis.results.values()
        if result.provenance is not None
        and result.provenance.reader  # made from a file, not from other results
        and (specimens is None or result.about.owner in specimens)
    ]


def claims(verdicts: Sequence[Verdict]) -> Table:
    """Return claims with their verdicts, the contradicted ones first."""
    order = ("contradicted", "supported", "consistent", "undecided", "no data")
    rows = [
        [v.claim.id, v.claim.text, v.claim.where, v.text, RESTS_ON[v.basis], v.reason]
        for v in sorted(verdicts, key=lambda v: order.index(v.verdict))
    ]
    columns = [Column(name) for name in ("id", "claim", "where", "verdict", "rests on", "reason")]
    return Table("claims", "What is claimed, and what the results say", columns, rows)


def _pair(name: str, label: str) -> list[Column]:
    unit = unit_text(look_up(name).shown)
    return [Column(label, unit), Column(f"u({label})", unit, "standard uncertainty")]


def _cells(quantity: Quantity | None) -> list[Cell]:
    shown = quantity.as_json() if quantity is not None else {"value": None, "u": None}
    return [shown["value"], shown["u"]]


def pellets(analysis: Analysis) -> Table:
    """Return conductivity at the reference temperature and activation energy of every pellet."""
    rows: list[list[Cell]] = []
    for name, specimen in analysis.study.specimens.items():
        result = analysis.results.get(f"{name}/arrhenius")
        if result is None:
            continue
        energy = result.quantities.get("activation_energy")
        method = energy.method if energy is not None and energy.number is not None else (energy.why if energy else "")
        rows.append([specimen.sample, name, *_cells(at_reference(result)), *_cells(energy), _points(result), method])
    columns = [
        Column("sample"),
        Column("pellet"),
        *_pair("ionic_conductivity", "σ(30 °C)"),
        *_pair("activation_energy", "Eₐ"),
        Column("points", comment="temperatures"),
        Column("method"),
    ]
    return Table("pellets", "Conductivity at 30 °C (from the Arrhenius law) and activation energy", columns, rows)


def _points(result: Result) -> int | None:
    points = result.findings.get("n")
    return int(points) if isinstance(points, int | float) else None


def measurements(results: Iterable[Result], name: str = "measurements") -> Table:
    """Return one row per measurement: temperature, the main quantities of its technique, circuit, failed checks."""
    results = list(results)
    techniques = dict.fromkeys(result.technique for result in results)
    main = [key for technique in techniques for key in get(technique).headline]
    main = [key for key in dict.fromkeys(main) if any(key in result.quantities for result in results)]
    rows: list[list[Cell]] = []
    for result in results:
        numbers = [cell for key in main for cell in _cells(result.quantities.get(key))]
        failed = ", ".join(check.name for check in result.failed_checks) or "none"
        circuit = str(result.findings.get("circuit") or "")
        rows.append([result.name, celsius(result), result.about.branch, *numbers, circuit, failed])
    columns = [Column("measurement"), Column("T"), Column("branch")]
    for key in main:
        columns += _pair(key.partition(":")[0], key_text(key))
    return Table(name, "Measurements", [*columns, Column("circuit"), Column("failed checks")], rows)


def quantities(results: Iterable[tuple[str, Result]]) -> Table:
    """Return every quantity of some results, given with their names."""
    rows: list[list[Cell]] = []
    for key, result in results:
        for name, quantity in result.quantities.items():
            shown = quantity.as_json()
            low, high = shown["interval"] or (None, None)
            rows.append([key, result.technique, name, shown["value"], shown["u"], low, high])
            rows[-1] += [shown["unit"], shown["method"], shown.get("why", "")]
    columns = [
        Column("result"),
        Column("technique"),
        Column("quantity"),
        Column("value", comment="in the unit of its row"),
        Column("u", comment="standard uncertainty"),
        Column("low", comment="95 % interval"),
        Column("high", comment="95 % interval"),
        Column("unit"),
        Column("method"),
        Column("why", comment="where it is withheld"),
    ]
    return Table("quantities", "All quantities", columns, rows)


def budgets(analysis: Analysis) -> Table:
    """Return the uncertainty budget of every quantity: one row per source."""
    rows: list[list[Cell]] = []
    for key, result in analysis.results.items():
        for name, quantity in result.quantities.items():
            shown = quantity.as_json()
            total = sum(entry["u"] ** 2 for entry in shown["budget"])
            for entry in shown["budget"]:
                share = 100 * entry["u"] ** 2 / total if total else None
                rows.append([key, name, entry["source"], entry["u"], shown["unit"], share])
    columns = [
        Column("result"),
        Column("quantity"),
        Column("source"),
        Column("u", comment="contribution to the standard uncertainty"),
        Column("unit"),
        Column("share", "%", "of the variance"),
    ]
    return Table("budgets", "Uncertainty budgets", columns, rows)


def checks(analysis: Analysis) -> Table:
    """Return the checks of all results, the failed ones first."""
    rows: list[list[Cell]] = []
    for key, result in analysis.results.items():
        for check in result.checks:
            rows.append([key, check.name, check.outcome, check.detail, ", ".join(check.judges)])
    rows.sort(key=lambda row: ("failed", "undecided", "passed").index(str(row[2])))
    columns = [Column("result"), Column("check"), Column("outcome"), Column("detail"), Column("judges")]
    return Table("checks", "All checks", columns, rows)


def open_checks(analysis: Analysis) -> Table:
    """Return the checks that did not pass; those that say the same of many results are one row."""
    full = checks(analysis)
    together: dict[tuple[Cell, ...], list[Cell]] = {}
    for key, *rest in full.rows:
        if rest[1] != "passed":
            together.setdefault(tuple(rest), []).append(key)
    first = {rest: f"{len(keys)} results, {keys[0]} the first" for rest, keys in together.items() if len(keys) > 1}
    rows = [[first.get(rest, keys[0]), *rest] for rest, keys in together.items()]
    return Table("open_checks", "Checks that failed or are undecided", full.columns, rows)


def problems(found: Sequence[Problem]) -> Table:
    """Return what `check` found in the study."""
    columns = [Column("level"), Column("where"), Column("what")]
    return Table("problems", "What `closo check` found", columns, [[p.level, p.where, p.text] for p in found])


def failures(found: Sequence[Failure]) -> Table:
    """Return what gave no result, and why."""
    columns = [Column("result"), Column("why there is none")]
    return Table("failures", "Without a result", columns, [[f.key, str(f.error)] for f in found])


def files(analysis: Analysis) -> Table:
    """Return every file that was used, with its sha256."""
    known: dict[str, tuple[str, str]] = {}
    for result in analysis.results.values():
        stamp = result.provenance
        if stamp is not None and stamp.reader:
            known |= {name: (sha256, stamp.reader) for name, sha256 in stamp.inputs.items()}
    columns = [Column("file"), Column("sha256"), Column("reader")]
    rows = [[name, sha256, reader] for name, (sha256, reader) in sorted(known.items())]
    return Table("files", "Files used", columns, rows)
