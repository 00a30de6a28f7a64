"""HTTP servers behind a proxy: the code listens, and something turns events into requests."""

from __future__ import annotations

from collections.abc import Iterator

from cutover.assessment.finding import Finding
from cutover.assessment.on_code.places import Words, once
from cutover.assessment.source import Source
from cutover.ports import FunctionFacts

SERVERS = frozenset(
    {"express", "koa", "fastify", "@hapi/hapi", "hapi", "restify", "@nestjs/core", "next", "flask", "fastapi",
     "django", "bottle", "starlette", "tornado", "aiohttp.web", "falcon"}
)  # fmt: skip
PROXIES = frozenset(
    {"serverless-http", "aws-serverless-express", "@vendia/serverless-express",
     "@codegenie/serverless-express",
     "aws-serverless-koa", "aws-lambda-fastify", "@fastify/aws-lambda", "mangum", "awsgi", "apig_wsgi",
     "serverless_wsgi", "zappa", "aws_lambda_wsgi", "chalice"}
)  # fmt: skip
SOURCE = "Alibaba Cloud, Function Compute 3.0, custom runtimes, read 2026-04"
WHY = (
    "FC's custom runtime speaks HTTP to a server on port 9000, so the server can run there "
    "without the proxy; "
    "in a built-in runtime the proxy needs API Gateway's events, which the adapter makes."
)
REMEDY = (
    "Deploy with the adapter, or let Cutover make a bootstrap that starts the server on a custom runtime."
)


def check(facts: FunctionFacts, source: Source) -> Iterator[Finding]:
    """Give a finding on each proxy, server, and way of starting one that was found."""
    words = Words(rule="http-server", why=WHY, remedy=REMEDY, source=SOURCE)
    yield from once(
        (
            (f"{one.module} serves HTTP behind a proxy", view, one.line)
            for view in source.views
            for one in view.imports
            if _root(one.module) in SERVERS | PROXIES
        ),
        words,
    )
    yield from once(
        (
            ("It listens on a port", view, call.line)
            for view in source.views
            if not view.bundled and view.language != "python"
            for call in view.calls
            if call.name.endswith(".listen")
            and call.name.rpartition(".")[0] in ("app", "server", "http.createServer()", "express()")
        ),
        words,
    )
    yield from _surroundings(facts, source)


def _surroundings(facts: FunctionFacts, source: Source) -> Iterator[Finding]:
    adapter = any("LambdaAdapterLayer" in one or "lambda-adapter" in one for one in facts.layers)
    wrapped = "AWS_LAMBDA_EXEC_WRAPPER" in facts.environment
    up = sorted(
        name for name in source.names if name.rpartition("/")[2] in ("up.json", "_proxy.js", "up-proxy")
    )
    for found, title, place in (
        (adapter, "The Lambda Web Adapter serves HTTP", f"Layers: {', '.join(facts.layers)}"),
        (wrapped, "A wrapper script starts the function", "Environment: AWS_LAMBDA_EXEC_WRAPPER"),
        (bool(up), "apex up proxies to a server of its own", ", ".join(up)),
    ):
        if found:
            yield Finding(
                rule="http-server",
                severity="warn",
                title=title,
                place=place,
                why=WHY,
                remedy=REMEDY,
                source=SOURCE,
            )
    if "bootstrap" in source.names and facts.runtime.startswith(("provided", "go")):
        yield Finding(
            rule="http-server",
            severity="warn",
            title="The function is a binary that speaks Lambda's Runtime API",
            place="bootstrap",
            why="FC has no Runtime API: a custom runtime listens on HTTP. " + WHY,
            remedy="Rebuild it for FC, or let Cutover make a bootstrap that stands between.",
            source=SOURCE,
        )


def _root(module: str) -> str:
    if module.startswith("@"):
        return module
    return module if module in SERVERS else module.partition("/")[0].partition(".")[0]
