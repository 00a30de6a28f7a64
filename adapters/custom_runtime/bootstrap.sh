#!/bin/sh
# Starts the HTTP server that a proxy called on AWS; FC sends requests to its port itself. The server must listen on
# all addresses, not on 127.0.0.1 alone, and be ready within 120 seconds.
set -eu
cd "${FC_FUNC_CODE_PATH:-/code}"
export PORT="${FC_CUSTOM_LISTEN_PORT:-9000}"
export HOST="${HOST-0.0.0.0}"
export LAMBDA_TASK_ROOT="${LAMBDA_TASK_ROOT-$PWD}"
# ENVIRONMENT
exec COMMAND
