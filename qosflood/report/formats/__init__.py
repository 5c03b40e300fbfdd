"""The report for other readers: terminal, Markdown, JUnit, HdrHistogram's log, a still picture."""
