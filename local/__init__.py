"""The laptop stack: everything Lakeport meets on AWS, as ordinary processes on 127.0.0.1."""
