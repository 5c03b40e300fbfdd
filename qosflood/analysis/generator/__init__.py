"""Whether the generator and the monitor did their own part."""
