"""Find a combined result in the store, or make and keep it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from closo.errors import ClosoError
from closo.pipeline.jobs import fingerprint_of, unexpected
from closo.pipeline.records import Failure, Obtained
from closo.result import About, Provenance, Result
from closo.store import Store, to_document


def obtain(
    into: Obtained,
    key: str,
    make: Callable[[], Result],
    *,
    inputs: Mapping[str, str],
    settings: Mapping[str, object],
    about: About,
    code: str,
    store: Store,
) -> None:
    """Find a combined result in the store, or make and keep it; a failure is recorded.

    Where the store is only read, what is not in it is left waiting.

    Parameters
    ----------
    code : hash of the code that makes it.
    """
    fingerprint = fingerprint_of([key, inputs, settings, vars(about), code])
    into.fingerprints[key] = fingerprint
    found = store.find(fingerprint)
    if found is not None:
        into.results[key] = found
        into.cached += 1
        return
    if store.read_only:
        into.waiting.append(key)
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
        closo_version=code,
        time=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    made = replace(made, about=about, provenance=provenance)
    into.results[key] = store.save_document(key, *to_document(made), fingerprint)
    into.computed += 1
