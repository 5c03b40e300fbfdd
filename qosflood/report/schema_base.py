"""What the parts of report.json have in common."""

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """No key that is not known, and no number that JSON lacks."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
