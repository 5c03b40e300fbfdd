"""The live page: one run on one page, in the coordinator's event loop."""
