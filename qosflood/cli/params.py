"""Values with units as click options; errors name what was got and what was expected."""

import click

from qosflood.errors import UnitError
from qosflood.units import parse_duration


class DurationType(click.ParamType[int]):
    """`250ms`, `15m`, `1h30m`: an integer of nanoseconds."""

    name = "duration"

    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Nanoseconds; a default that is an integer is taken as it is."""
        if isinstance(value, int):
            return value
        try:
            return parse_duration(value)
        except UnitError as error:
            self.fail(str(error), param, ctx)


DURATION = DurationType()
