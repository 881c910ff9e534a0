"""
Milling time
============

Conductivity and states of a salt over milling time, with three laws and the 95 % interval of the best time.
"""

from closo.combine.milling import milling
from closo.twin.milling import milled

axes = milling(milled("consecutive", seed=6), name="twin", temperature=333.15, draws=400).plot()
