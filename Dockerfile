# One image for every process of Cutover; docker-compose.yml says which command each runs.
FROM python:3.11-slim-bookworm AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements/base.txt /tmp/base.txt
RUN python -m venv /opt/cutover/venv \
 && /opt/cutover/venv/bin/pip install --require-hashes --no-input -r /tmp/base.txt

FROM python:3.11-slim-bookworm
ENV PATH=/opt/cutover/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=dashboard.settings
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin cutover
WORKDIR /opt/cutover/app
COPY --from=packages /opt/cutover/venv /opt/cutover/venv
COPY . .
# Settings insist on real values; collecting static files reaches none of what these name.
RUN DATABASE_URL=postgres://unused@127.0.0.1/unused REDIS_URL=redis://127.0.0.1/0 \
    CUTOVER_SECRET_KEY=unused CUTOVER_HASH_KEY=unused \
    python manage.py collectstatic --noinput
USER cutover
EXPOSE 8000
CMD ["python", "-m", "uvicorn", "dashboard.asgi:application", "--host", "0.0.0.0", "--port", "8000"]
