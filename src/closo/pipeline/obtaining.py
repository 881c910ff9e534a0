"""Find a combined result in the store, or make and keep it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from closo.errors import ClosoError
from closo.pipeline.jobs import code_version, fingerprint_of, unexpected
from closo.pipeline.records import Failure, Obtained
from closo.result import About, Provenance, Result
from closo.store import Store, from_document, to_document

__all__ = ["obtain"]


def obtain(
    into: Obtained,
    key: str,
    make: Callable[[], Result],
    *,
    inputs: Mapping[str, str],
    settings: Mapping[str, object],
    about: About,
    store: Store,
) -> None:
    """Find a combined result in the store, or make and keep it; a failure is recorded."""
    fingerprint = fingerprint_of([key, inputs, settings, vars(about), code_version()])
    into.fingerprints[key] = fingerprint
    found = store.find(fingerprint)
    if found is not None:
        into.results[key] = found
        into.cached += 1
        return
    try:
        made = make()
    except ClosoError as error:
        into.failures.append(Failure(key, error))
        return
    except Exception as error:  # noqa: BLE001  one bad specimen must not end the study; it is recorded
        into.failures.append(Failure(key, unexpected(error, key)))
        return
    provenance = Provenance(
        inputs=dict(inputs),
        reader="",
        function=f"closo.combine.{made.technique}",
        closo_version=code_version(),
        time=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    made = replace(made, about=about, provenance=provenance)
    document, curves = to_document(made)
    store.save_document(key, document, curves, fingerprint)
    into.results[key] = from_document(document, curves)
    into.computed += 1
