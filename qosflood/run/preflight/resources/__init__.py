"""What a plan needs of the machine it runs on, against what the machine has. Pure.

Each need is judged separately, and all problems are reported together. Figures are estimates: they
refuse a plan that cannot work and warn of one that may not.
"""

from qosflood.run.preflight.resources.values import Facts, Needs
from qosflood.run.preflight.resources.weigh import weigh

__all__ = ["Facts", "Needs", "weigh"]
