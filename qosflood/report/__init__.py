"""What a run leaves behind: JSON, HTML, Markdown, terminal."""
