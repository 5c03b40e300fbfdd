"""The charts of report and comparison, as plotly's plain JSON. Pure."""
