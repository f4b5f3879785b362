"""Run the stand-in without the rest of Lakeport: `python -m local.redshift`."""

from local.redshift.command import app

if __name__ == "__main__":
    app(prog_name="python -m local.redshift")
