"""The local stack has the landing buckets of every deployment."""

from pathlib import Path

from local.aws import names


def test_names_of_landing_buckets_are_those_of_all_valid_deployments(tmp_path: Path) -> None:
    """So the schemas of every deployment work on a laptop."""
    (tmp_path / "one.yaml").write_text("landing_buckets: {partners: , erp: erp-files}\n")
    (tmp_path / "two.yaml").write_text("landing_buckets: {partners: }\n")
    (tmp_path / "bad.yaml").write_text("landing_buckets: [a\n")
    (tmp_path / "README.yaml").write_text("x: 1\n")

    assert set(names.deployed_names(tmp_path)) == {"erp", "partners"}
