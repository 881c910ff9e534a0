"""
Competing explanations of the interphase
========================================

Conductivity over silica content and silica area, with what each explanation would give.
"""

from example_files import example

import closo
from closo.pipeline.interphase import infer_interphase

axes = infer_interphase(closo.analyse(example())).plot()
