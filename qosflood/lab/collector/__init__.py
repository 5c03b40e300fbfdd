"""The embedded collector: a reference target with a memory and a knee of its own."""
