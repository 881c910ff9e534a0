"""Makes the functions of `swept` importable here and in the worker processes, which are given our sys.path."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
