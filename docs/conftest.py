"""What the tests leave alone here: the site's settings, and the gallery, which has a test of its own."""

collect_ignore_glob = ["conf.py", "_ext/*", "figures/*", "gallery/*"]
