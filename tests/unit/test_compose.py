"""The Procfile, docker-compose.yml and docs/configuration.md tell the same story, and it is true."""

import importlib
import re
import shlex
from importlib.util import find_spec
from typing import Any

import pytest
import yaml
from django.core.management import get_commands
from honcho.environ import parse_procfile

from hosting.environment import CLOUD_PROCESSES
from hosting.places import ROOT

PRODUCT = ("web", "work", "rollback", "beat", "watch")
OF_THE_IMAGES = {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_INITDB_ARGS", "REDISCLI_AUTH"}
OF_THE_SDKS = re.compile(
    r"AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|DEFAULT_REGION)|ALIBABA_CLOUD_\w+"
)
CREDENTIAL = re.compile(r"AWS_\w*(KEY|TOKEN)\w*|ALIBABA_CLOUD_\w+|CUTOVER_RELAY_\w+")


def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text()))


def services() -> dict[str, dict[str, Any]]:
    return dict(compose()["services"])


def procfile() -> dict[str, str]:
    """Give process -> command, without the launcher in front."""
    lines = parse_procfile((ROOT / "Procfile").read_text()).processes
    return {name: line.partition(" -- ")[2] for name, line in lines.items()}


def documented() -> set[str]:
    text = (ROOT / "docs" / "configuration.md").read_text()
    return set(re.findall(r"`([A-Z][A-Z0-9_]+)`", text))


def comparable(command: str) -> list[str]:
    """Give a command without what differs between a container and a laptop: address, port, places."""
    words = shlex.split(command)
    for flag in ("--host", "--port", "-s"):
        if flag in words:
            at = words.index(flag)
            del words[at : at + 2]
    return words


def commands() -> list[str]:
    every = list(procfile().values())
    every += [service["command"] for name, service in services().items() if name in (*PRODUCT, "migrate")]
    return sorted(set(every))


@pytest.mark.parametrize("name", sorted(parse_procfile((ROOT / "Procfile").read_text()).processes))
def test_it_runs_every_process_under_the_launcher_and_its_own_name(name: str) -> None:
    line = parse_procfile((ROOT / "Procfile").read_text()).processes[name]
    assert line.startswith(f"python -m hosting.launch {name} ")


@pytest.mark.parametrize("name", PRODUCT)
def test_it_runs_the_same_command_in_compose_and_in_the_procfile(name: str) -> None:
    assert comparable(services()[name]["command"]) == comparable(procfile()[name])


@pytest.mark.parametrize("command", commands())
def test_it_names_only_commands_that_exist(command: str) -> None:
    words = shlex.split(command)
    assert words[0] == "python"
    if words[1] == "manage.py":
        assert (ROOT / "manage.py").exists()
        assert words[2] in get_commands()
        return
    assert words[1] == "-m"
    assert find_spec(words[2]) is not None
    if find_spec(words[2]).submodule_search_locations is not None:  # type: ignore[union-attr]
        assert find_spec(f"{words[2]}.__main__") is not None
    if words[2] == "uvicorn":
        module, _, attribute = words[3].partition(":")
        assert callable(getattr(importlib.import_module(module), attribute))
    if words[2] == "celery":
        assert words[3:5] == ["-A", "workers"]
        assert importlib.import_module("workers").celery_app.main == "cutover"


def test_it_gives_cloud_credentials_only_to_processes_that_talk_to_clouds() -> None:
    holders = {
        name
        for name, service in services().items()
        if any(CREDENTIAL.fullmatch(variable) for variable in service.get("environment", {}))
    }
    assert holders == CLOUD_PROCESSES


def test_it_documents_every_variable_that_compose_sets_or_asks_for() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    asked = set(re.findall(r"\$\{([A-Z0-9_]+)", text))
    given = {variable for service in services().values() for variable in service.get("environment", {})}
    assert asked | given <= documented()


def test_it_hands_the_product_only_variables_that_the_product_or_an_sdk_reads() -> None:
    sources = " ".join(
        path.read_text()
        for folder in ("dashboard", "clouds", "workers")
        for path in (ROOT / folder).rglob("*.py")
    )
    read = set(re.findall(r"[\"']([A-Z][A-Z0-9_]+)[\"']", sources))
    for name in (*PRODUCT, "migrate"):
        for variable in services()[name]["environment"]:
            assert variable in read or OF_THE_SDKS.fullmatch(variable), f"{name} is given {variable}"


def test_it_documents_every_variable_that_the_settings_read() -> None:
    read = set(re.findall(r"env\.\w+\(\s*\"([A-Z0-9_]+)\"", (ROOT / "dashboard" / "settings.py").read_text()))
    assert len(read) > 5
    assert read <= documented()


def test_it_publishes_nothing_beyond_this_machine() -> None:
    published = {name: service["ports"] for name, service in services().items() if "ports" in service}
    assert set(published) == {"web"}
    assert all(port.startswith("127.0.0.1:") for port in published["web"])


def test_it_lets_workers_scale() -> None:
    assert not any("container_name" in service for service in services().values())
    assert "%h" in services()["work"]["command"]
    assert "%h" in services()["rollback"]["command"]


def test_it_starts_nothing_before_the_tables_exist_and_checks_the_health_of_what_serves() -> None:
    for name in PRODUCT:
        condition = services()[name]["depends_on"]["migrate"]["condition"]
        assert condition == "service_completed_successfully"
    for name in ("web", "postgres", "redis"):
        assert services()[name]["healthcheck"]["test"]
    assert "/healthz/" in " ".join(services()["web"]["healthcheck"]["test"])
    assert "--requirepass" in " ".join(services()["redis"]["command"])


def test_it_puts_every_package_of_the_product_and_no_other_into_the_image() -> None:
    kept = {
        line[1:].rstrip("/")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    assert {"manage.py", "cutover", "clouds", "adapters", "migrations_app", "workers", "dashboard"} <= kept
    assert not kept & {"sandbox", "hosting", "tests", "var", ".git", ".venv"}
    assert "requirements/base.txt" in (ROOT / "Dockerfile").read_text()
