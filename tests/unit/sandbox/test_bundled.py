"""The packages that the clouds' images bring: found where they are, left out where they are not."""

from pathlib import Path

import pytest

from sandbox.executor import bundled


@pytest.fixture
def runtimes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(bundled, "RUNTIMES", tmp_path / "runtimes")
    monkeypatch.setattr(bundled, "PROJECT_MODULES", tmp_path / "node_modules")
    return tmp_path / "runtimes"


@pytest.mark.parametrize(
    ("runtime", "name", "sign"),
    [
        ("nodejs16.x", "aws-node-v2", "aws-sdk"),
        ("nodejs8.10", "aws-node-v2", "aws-sdk"),
        ("nodejs18.x", "aws-node-v3", "@aws-sdk"),
        ("nodejs24.x", "aws-node-v3", "@aws-sdk"),
    ],
)
def test_each_node_runtime_has_the_version_of_its_image(
    runtimes: Path, runtime: str, name: str, sign: str
) -> None:
    assert bundled.aws_node_paths(runtime) == ()
    place = runtimes / name / "node_modules"
    (place / sign).mkdir(parents=True)
    assert bundled.aws_node_paths(runtime) == (place,)


def test_the_packages_of_the_tests_serve_where_a_set_is_not_installed(runtimes: Path) -> None:
    project = runtimes.parent / "node_modules"
    (project / "ali-oss").mkdir(parents=True)
    assert bundled.fc_node_paths("nodejs20") == (project,)
    assert bundled.fc_node_paths("python3.10") == ()
    assert bundled.fc_node_paths("custom.debian10") == ()


def test_a_function_sees_the_python_packages_and_what_they_stand_on_alone(runtimes: Path) -> None:
    bundled._linked.cache_clear()
    try:
        (folder,) = bundled.aws_python_paths()
        names = {entry.name for entry in folder.iterdir()}
        assert {"boto3", "botocore", "awslambdaric", "urllib3"} <= names
        assert not {"django", "pytest", "oss2"} & names
        assert "oss2" in {entry.name for entry in bundled.fc_python_paths("python3.10")[0].iterdir()}
    finally:
        bundled._linked.cache_clear()


def test_a_link_that_leads_elsewhere_is_put_right(runtimes: Path) -> None:
    bundled._linked.cache_clear()
    try:
        folder = runtimes / ".links" / "aws-python"
        folder.mkdir(parents=True)
        (folder / "boto3").symlink_to("/nowhere")
        (folder / "stale").symlink_to("/nowhere")
        bundled.aws_python_paths()
        assert (folder / "boto3" / "__init__.py").is_file()
        assert not (folder / "stale").is_symlink()
    finally:
        bundled._linked.cache_clear()
