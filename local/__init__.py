"""The laptop stack: every service that Lakeport uses on AWS, as ordinary processes on 127.0.0.1."""
