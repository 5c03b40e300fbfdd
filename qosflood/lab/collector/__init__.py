"""The embedded collector: a reference target whose memory and highest rate can be measured."""
