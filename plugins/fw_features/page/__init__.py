"""The study of features as one page for a browser: it works offline, and asks nothing of any server."""
