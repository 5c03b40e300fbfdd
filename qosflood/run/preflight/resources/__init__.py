"""What a plan needs of the machine it runs on, against what the machine has. Pure.

Every need is weighed by itself, and all that is wrong is said at once. Figures are of the right
size, not exact: they refuse what cannot work and warn of what may not.
"""

from qosflood.run.preflight.resources.values import Facts, Needs
from qosflood.run.preflight.resources.weigh import weigh

__all__ = ["Facts", "Needs", "weigh"]
