"""The report as one page for a browser: it works offline, asks nothing of any server, and can be sent as it is."""
