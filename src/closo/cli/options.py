"""Options that several verbs have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else on standard output.")]
Study = Annotated[Path, typer.Argument(metavar="STUDY", help="Folder of the study, or its study.toml.")]
Workers = Annotated[int, typer.Option(min=0, help="Processes that analyse; 0: as many as there are cores.")]
Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS", help="Dask scheduler to compute on: tcp://127.0.0.1:8786, or tls://... on another computer."
    ),
]
Figures = Annotated[Path | None, typer.Option(metavar="DIR", help="Write the figures there.")]
