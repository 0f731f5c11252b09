#!/bin/sh
# Started by the web adapter's wrapper on AWS, which then passes requests on to this port.
export PYTHONPATH="/opt/python:${LAMBDA_RUNTIME_DIR}"
exec python -m uvicorn app:app --app-dir "${LAMBDA_TASK_ROOT}" --host 127.0.0.1 --port "${AWS_LWA_PORT}" \
  --lifespan off --no-access-log --no-server-header
